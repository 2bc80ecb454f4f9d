/**
 * The one connection to the server: GET live/stream?page=…&page=… (server-sent events).
 *
 * Runs in the SharedWorker (assets/lazy/live-worker.js) or, where there is none, in the page.
 * An EventSource dies for good on any answer but 200, and a half-open connection says nothing:
 * so a closed source is opened again with growing, jittered pauses, and ten silent seconds count
 * as closed. The server sends each page in full on connect; nothing has to be remembered here but
 * the newest tree of each panel, for tabs that join later.
 */
(function (scope) {
  "use strict";

  const SILENT_AFTER_MS = 10000;
  const FIRST_PAUSE_MS = 500;
  const LONGEST_PAUSE_MS = 5000;
  const KINDS = ["panels", "ping", "hello"];

  class Stream {
    /**
     * @param {string} address of the endpoint, without query
     * @param {(kind: string, data: object) => void} publish called for every event
     */
    constructor(address, publish) {
      this.address = address;
      this.publish = publish;
      this.pages = [];
      this.newest = new Map();
      this.source = null;
      this.hello = null;
      this.heardAt = 0;
      this.pause = FIRST_PAUSE_MS;
      this.reopenAt = Infinity;
      this.timer = null;
    }

    /** Watch exactly these page keys; opens, reopens or closes the connection as needed. */
    watch(pages) {
      const wanted = [...new Set(pages)].sort();
      if (wanted.join("\n") === this.pages.join("\n")) return;
      this.pages = wanted;
      for (const page of this.newest.keys()) if (!wanted.includes(page)) this.newest.delete(page);
      this.pause = FIRST_PAUSE_MS;
      if (wanted.length) this.open();
      else this.close();
    }

    /** Has anything been heard lately? */
    isAlive() {
      return this.source !== null && Date.now() - this.heardAt < SILENT_AFTER_MS;
    }

    /** Give the newest trees of a page that is already watched: panel name → tree. */
    panelsOf(page) {
      return this.newest.get(page) || {};
    }

    open() {
      if (this.source) this.source.close();
      this.reopenAt = Infinity;
      this.heardAt = Date.now();
      const query = this.pages.map((page) => "page=" + encodeURIComponent(page)).join("&");
      const source = new EventSource(this.address + "?" + query);
      this.source = source;
      for (const kind of KINDS) {
        source.addEventListener(kind, (event) => this.receive(source, kind, event.data));
      }
      if (this.timer === null) this.timer = setInterval(() => this.check(), 500);
    }

    receive(source, kind, text) {
      if (source !== this.source) return;
      const data = JSON.parse(text);
      this.heardAt = Date.now();
      this.pause = FIRST_PAUSE_MS;
      this.reopenAt = Infinity;
      if (kind === "hello") this.hello = data;
      if (kind === "panels") {
        this.newest.set(data.page, Object.assign(this.panelsOf(data.page), data.panels));
      }
      this.publish(kind, data);
    }

    /** Twice a second: is the connection dead or silent, and is it time to open it again? */
    check() {
      const now = Date.now();
      const dead = this.source === null || this.source.readyState === 2;
      if (this.reopenAt <= now) this.open();
      else if (this.reopenAt === Infinity && (dead || now - this.heardAt > SILENT_AFTER_MS)) {
        this.reopenAt = now + this.pause * (0.5 + Math.random());
        this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
      }
    }

    close() {
      if (this.source) this.source.close();
      clearInterval(this.timer);
      this.source = this.timer = null;
      this.reopenAt = Infinity;
    }
  }

  scope.yiwangStream = { Stream, VERSION: 1 };
})(self);
