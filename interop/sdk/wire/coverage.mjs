// Whether every call was made: each line of a list of calls against what went over the wire, and each method of
// the client's accessors against what was used.

// A call as the lists have it: `PATCH /customers/:id {name} -> 403`.
//
// `:name` is any one segment; the query names its parameters, with a value where that one matters; the braces
// name the fields of the body, `{*}` is any body; the status is any success unless it is given.
export function parse(line) {
  const [, method, target, , body, , status] = /^(\S+) (\S+)( \{([^}]*)\})?( -> (\d+))?$/.exec(line) ?? [];
  if (!method) throw new Error(`no call: ${line}`);
  const [path, query] = target.split('?');
  const parameters = (query ?? '').split('&').filter(Boolean).map((one) => one.replaceAll('+', ' ').split('='));
  return { method, path: path.split('/'), parameters, body, status: status ? Number(status) : undefined };
}

// The lines that no exchange answers to.
export function missing(lines, exchanges) {
  return lines.filter((line) => {
    const call = parse(line);
    return !exchanges.some((exchange) => is(call, exchange));
  });
}

function is(call, { method, target, body, status }) {
  const url = new URL(target, 'http://server');
  const path = url.pathname.split('/');
  return (
    method === call.method &&
    path.length === call.path.length &&
    call.path.every((part, at) => (part.startsWith(':') ? path[at] !== '' : part === path[at])) &&
    new Set(url.searchParams.keys()).size === call.parameters.length &&
    call.parameters.every(([name, value]) => isGiven(url.searchParams, name, value)) &&
    isBody(call.body, body) &&
    (call.status === undefined ? status >= 200 && status < 300 : status === call.status)
  );
}

function isGiven(query, name, value) {
  return query.has(name) && (value === undefined || query.get(name) === value);
}

function isBody(named, body) {
  if (named === undefined) return body === undefined;
  if (named === '*') return body !== undefined;
  const names = named.split(',').map((name) => name.trim()).filter(Boolean).sort();
  return body !== null && typeof body === 'object' && Object.keys(body).sort().join() === names.join();
}

// What opens something in a browser, and what only puts an address together.
const ELSEWHERE = new Set([
  'connect', 'createConnection', 'embedEditor', 'open', 'openConfiguration', 'openEditor', 'openNewConnection',
  'openNewConnectionV2', 'openReconnectUI', 'reconnect',
  'getPath', 'getProxyPath', 'getSelector', 'getUniqueIdentifier', 'uri',
]);
const isAccessor = (value) => /Accessor$|^ConnectionProxy$/.test(value?.constructor?.name ?? '');

// A client that notes in `used` which methods of which accessors are called.
export function traced(target, used) {
  const wrapped = (value) => (isAccessor(value) ? traced(value, used) : value);
  return new Proxy(target, {
    get(object, name) {
      const value = Reflect.get(object, name, object);
      if (typeof value !== 'function') return wrapped(value);
      return (...given) => {
        used.add(`${object.constructor.name}.${String(name)}`);
        return wrapped(value.apply(object, given));
      };
    },
  });
}

// Every method that sends something, of the client's accessors and of those below them.
export function methods(client) {
  const all = new Set();
  const seen = new Set();
  const open = [client];
  while (open.length > 0) {
    const object = open.pop();
    const type = object.constructor.name;
    if (seen.has(type)) continue;
    seen.add(type);
    for (const [name, { get, value }] of members(object)) {
      if (name === 'constructor' || ELSEWHERE.has(name)) continue;
      const isCall = value?.constructor.name === 'AsyncFunction';
      const below = isCall ? undefined : get ? object[name] : made(object, name);
      if (isAccessor(below)) open.push(below);
      else if (typeof value === 'function' && isAccessor(object)) all.add(`${type}.${name}`);
    }
  }
  return all;
}

function members(object) {
  const found = new Map();
  for (let at = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const own = at === object ? {} : Object.getOwnPropertyDescriptors(at);
    for (const [name, member] of Object.entries(own)) if (!found.has(name)) found.set(name, member);
  }
  return found;
}

// What a method that is no call gives for a name; nothing is sent for it.
function made(object, name) {
  try {
    const given = object[name]('x');
    given?.catch?.(() => {});
    return given;
  } catch {
    return undefined;
  }
}
