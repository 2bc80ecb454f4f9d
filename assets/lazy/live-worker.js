/**
 * SharedWorker: one EventSource for all tabs of a browser. HTTP/1.1 allows six connections to a
 * host, so a stream per tab would lock up the seventh tab.
 *
 * A tab says {pages: [...]} when it changes and every 15 s, {bye: true} when it goes. A tab that
 * vanished without a word is dropped after three minutes (hidden tabs run their timers once a
 * minute); if it was only asleep, its next message brings it back.
 */
/* global importScripts */
"use strict";
importScripts("../js/stream.js");

const GONE_AFTER_MS = 180000;
const tabs = new Map();
const stream = new self.yiwangStream.Stream(
  new URL(new URLSearchParams(self.location.search).get("stream"), self.location.origin).href,
  (kind, data) => {
    for (const [port, tab] of tabs) {
      if (kind !== "panels" || tab.pages.includes(data.page)) port.postMessage({ kind, data });
    }
  },
);

function watchAll() {
  stream.watch([...tabs.values()].flatMap((tab) => tab.pages));
}

function receive(port, message) {
  if (message.bye) {
    tabs.delete(port);
  } else {
    if (!tabs.has(port) && stream.isAlive() && stream.hello) {
      port.postMessage({ kind: "hello", data: stream.hello });
    }
    const known = tabs.get(port)?.pages ?? [];
    tabs.set(port, { pages: message.pages, seenAt: Date.now() });
    for (const page of message.pages.filter((each) => !known.includes(each))) {
      const panels = stream.panelsOf(page);
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
