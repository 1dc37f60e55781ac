#!/usr/bin/env node
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { load } from './load.js';

const NEW_OBJECTS = 4 * 1024 * 1024;

const { main } = load('main.cjs');

// The space of new objects grows no further than this (see load.js).
if (!hasGrown()) {
  const growing = setInterval(() => {
    if (hasGrown()) clearInterval(growing);
  }, 5).unref();
}

process.exitCode = await main(process.argv.slice(2), process);

function hasGrown() {
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  if (young !== undefined && young.space_size < NEW_OBJECTS) return false;
  setFlagsFromString('--semi-space-growth-factor=1');
  return true;
}
