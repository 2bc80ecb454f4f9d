/**
 * SharedWorker: one EventSource for all tabs of a browser (one more for each dozen of pages).
 * HTTP/1.1 allows six connections to a host, so a stream per tab would lock up the seventh tab.
 *
 * A tab says {pages: [...]} when it changes and every 15 s, {bye: true} when it goes. A tab that
 * vanished without a word is dropped after three minutes (hidden tabs run their timers once a
 * minute); if it was only asleep, its next message brings it back.
 */
/* global importScripts */
"use strict";
importScripts("../js/stream.js");

const GONE_AFTER_MS = 180000;
const PAGES_PER_STREAM = 12; // as many as the server allows on one connection
const address = new URLSearchParams(self.location.search).get("stream");
const tabs = new Map();
const streams = [];

/** A tab hears only of its own pages, pings too: another tab's stream says nothing about its own. */
function publish(stream, kind, data) {
  const about = kind === "panels" ? [data.page] : stream.pages;
  for (const [port, tab] of tabs) {
    if (tab.pages.some((page) => about.includes(page))) port.postMessage({ kind, data });
  }
}

function openStream() {
  const stream = new self.yiwangStream.Stream(address, (kind, data) => publish(stream, kind, data));
  return stream;
}

function watchAll() {
  const pages = [...new Set([...tabs.values()].flatMap((tab) => tab.pages))];
  for (let at = 0; at * PAGES_PER_STREAM < Math.max(pages.length, 1) || at < streams.length; at++) {
    streams[at] ??= openStream();
    streams[at].watch(pages.slice(at * PAGES_PER_STREAM, (at + 1) * PAGES_PER_STREAM));
  }
}

function receive(port, message) {
  if (message.bye) {
    tabs.delete(port);
  } else {
    const alive = streams.find((stream) => stream.isAlive() && stream.hello);
    if (!tabs.has(port) && alive) port.postMessage({ kind: "hello", data: alive.hello });
    const known = tabs.get(port)?.pages ?? [];
    tabs.set(port, { pages: message.pages, seenAt: Date.now() });
    for (const page of message.pages.filter((each) => !known.includes(each))) {
      const panels = Object.assign({}, ...streams.map((stream) => stream.panelsOf(page)));
      if (Object.keys(panels).length) port.postMessage({ kind: "panels", data: { page, panels } });
    }
  }
  watchAll();
}

self.onconnect = (event) => {
  const port = event.ports[0];
  port.onmessage = ({ data }) => receive(port, data);
};

setInterval(() => {
  for (const [port, tab] of tabs) {
    if (Date.now() - tab.seenAt > GONE_AFTER_MS) tabs.delete(port);
  }
  watchAll();
}, 30000);
