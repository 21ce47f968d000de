// A list of named checks, run in order: a later one may use what an earlier one made.

export class Checks {
  #list = [];

  add(name, run) {
    this.#list.push({ name, run });
  }

  // Runs them all and answers how many failed.
  async run() {
    let failed = 0;
    for (const { name, run } of this.#list) {
      try {
        await run();
        console.log(`ok   ${name}`);
      } catch (error) {
        failed += 1;
        console.log(`FAIL ${name}\n     ${describe(error)}`);
      }
    }
    console.log(`${this.#list.length - failed} passed, ${failed} failed`);
    return failed;
  }
}

// An error as the client typed it, in one line.
function describe(error) {
  const data = error?.data ?? error?.response?.data;
  const lines = String(error?.message ?? error).split('\n').slice(0, 6).join(' ');
  return `${error?.constructor?.name}: ${lines}${data ? ` ${JSON.stringify(data).slice(0, 400)}` : ''}`;
}
