// The side of the official package. `main.rs` starts it and says what to do, a line each:
//
//   costs          maps and filters all records, answers with the microseconds of CPU each of both took
//   mapped FILE    writes what mapping makes of each record, a line each, for comparison
//   kept FILE      the same of filtering
//
//   node package.mjs FOLDER_OF_THE_PACKAGE RECORDS MAPPING FILTER RECORDS_A_PAGE PASSES

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [folder, recordsFile, mappingFile, filterFile, size, passes] = process.argv.slice(2);
const { buildData, doesMatchFilter } = await import(
  pathToFileURL(createRequire(`${folder}/`).resolve('@membranehq/sdk'))
);

const mapping = JSON.parse(readFileSync(mappingFile, 'utf8'));
const filter = JSON.parse(readFileSync(filterFile, 'utf8'));
const lines = readFileSync(recordsFile, 'utf8').split('\n').filter(Boolean);

function* pages() {
  for (let at = 0; at < lines.length; at += Number(size)) {
    yield lines.slice(at, at + Number(size)).map((line) => JSON.parse(line));
  }
}

function cost(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

// Counted, so that no work is left out as useless.
let made = 0;

function costs() {
  let map = 0;
  let match = 0;
  for (const page of pages()) {
    map += cost(() => {
      for (const record of page) if (buildData(mapping, record) !== undefined) made += 1;
    });
    match += cost(() => {
      for (let pass = 0; pass < Number(passes); pass += 1) {
        for (const record of page) if (doesMatchFilter(record, filter)) made += 1;
      }
    });
  }
  return `${map} ${match}`;
}

const results = {
  mapped: (record) => buildData(mapping, record),
  kept: (record) => doesMatchFilter(record, filter),
};

function write(result, file) {
  const out = openSync(file, 'w');
  for (const page of pages()) {
    writeSync(out, page.map((record) => `${JSON.stringify(result(record))}\n`).join(''));
  }
  closeSync(out);
  return 'written';
}

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [word, file] = line.split(' ');
  console.log(word === 'costs' ? costs() : write(results[word], file));
}
