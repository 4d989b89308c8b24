// The adapter between the WebAssembly module, whose storage is synchronous, and a storage of the page's own, which may
// give promises. It answers from a copy, and writes behind: each call of the page's object is made in a microtask or
// later, after the one before has been answered. Only `open` calls the page's object at once.

import { outsideZone } from "./zone.js";

/** How long the page's object is waited for. */
const TIMEOUT_MS = 5_000;

/** One adapter for each storage of the page, so that the same object is the same storage. */
const adapters = new WeakMap();

const isPromiseLike = (value) => typeof Object(value).then === "function";

/** Gives what the work gives, or undefined if it takes too long. */
function withTimeout(work) {
  return new Promise((resolve) => {
    let timer;
    work.then((result) => {
      resolve(result);
      clearTimeout(timer);
    });
    try {
      timer = outsideZone(() => setTimeout(resolve, TIMEOUT_MS));
    } catch {
      // A page may have replaced `setTimeout`. Then there is no timeout.
    }
  });
}

/** A record that the page's object gave; null if there is none. */
function checked(record) {
  if (typeof record === "string") return record;
  if (record === null || record === undefined) return null;
  throw new TypeError("a record is a string");
}

class StorageAdapter {
  #storage;
  #core;
  /** The records as the session knows them; null where there is none. What is not known is missing. */
  #copy = new Map();
  /** What is to be done, by key: "read" or "write". */
  #queue = new Map();
  /** The key that is being written. */
  #writing;
  /** The keys that have been opened. */
  #opened = new Set();
  /** The keys whose last write failed: their sessions live in memory. */
  #failed = new Set();
  #givesPromises = false;
  /** Settles when the queue is empty: true, or false if a write failed. Undefined while there is nothing to do. */
  #work;
  #written;
  /** True if the page's object has not answered in time, until it does. */
  #isLate = false;

  constructor(storage, core) {
    this.#storage = storage;
    this.#core = core;
  }

  getItem(key) {
    if (!this.#copy.has(key)) throw new Error("the record could not be read");
    return this.#copy.get(key);
  }

  setItem(key, record) {
    this.#copy.set(key, record);
    this.#add(key, "write");
  }

  removeItem(key) {
    this.setItem(key, null);
  }

  /** A promise if something is still to be written, or was: true once all is, false if that failed or took too long. */
  get written() {
    if (this.#isLate) return undefined;
    if (this.#work) this.#written ??= this.#settle();
    return this.#written;
  }

  /** Reads the record anew. Gives a promise that settles when it is read, could not be, or took too long. */
  read(key) {
    this.#opened.add(key);
    // What is to be written is newer than what could be read.
    if (!this.#isUnwritten(key)) this.#add(key, "read");
    return this.#settle();
  }

  /**
   * Reads the record at once, where the page's object can. False if it gives a promise, and the record has not been read
   * before.
   */
  open(key) {
    if (!this.#givesPromises) {
      try {
        const answer = this.#ask(key);
        if (this.#givesPromises) {
          // Nobody waits for it.
          Promise.resolve(answer).catch(() => {});
        } else {
          this.#opened.add(key);
          this.#take(key, checked(answer));
        }
      } catch {
        // It cannot be read, and the session lives in memory.
        this.#opened.add(key);
      }
    }
    return this.#opened.has(key);
  }

  #ask(key) {
    const answer = this.#storage.getItem(key);
    this.#givesPromises = isPromiseLike(answer);
    return answer;
  }

  /** Takes over a record that was read. True if it is news to the session. */
  #take(key, record) {
    if (this.#isUnwritten(key)) return false;
    const known = this.#copy.get(key) ?? null;
    // Where a write failed an older record is no news.
    if (this.#failed.has(key) && !(this.#compare(key, record) > 0)) return false;
    this.#failed.delete(key);
    this.#copy.set(key, record);
    return known !== record;
  }

  /**
   * Above 0 if the stored record is newer than the session's, 0 if it is good still, below 0 if it is used up. NaN if one
   * of them is none.
   */
  #compare(key, stored) {
    const ours = this.#copy.get(key);
    return stored === null || ours === null ? Number.NaN : this.#core.compareRecords(stored, ours);
  }

  #isUnwritten(key) {
    return this.#writing === key || this.#queue.get(key) === "write";
  }

  #add(key, task) {
    this.#queue.set(key, task);
    this.#work ??= this.#run();
  }

  async #settle() {
    if (this.#isLate) return false;
    const work = this.#work;
    const result = await withTimeout(work);
    if (result === undefined && work === this.#work) this.#isLate = true;
    return result ?? false;
  }

  async #run() {
    // Not in the stack of the caller, who may be borrowing the session.
    await null;
    for (const [key, task] of this.#queue) {
      this.#queue.delete(key);
      if (task === "write") await this.#write(key);
      else await this.#read(key);
    }
    this.#work = undefined;
    this.#written = undefined;
    this.#isLate = false;
    return this.#failed.size === 0;
  }

  async #read(key) {
    const stored = await this.#stored(key);
    if (stored !== undefined && this.#take(key, stored)) this.#core.storageChanged();
  }

  async #write(key) {
    const record = this.#copy.get(key);
    this.#writing = key;
    if (await this.#put(key, record)) {
      this.#failed.delete(key);
    } else {
      this.#failed.add(key);
      if (record !== null) await this.#clear(key);
    }
    this.#writing = undefined;
  }

  /**
   * After a write that failed: an older record whose refresh token is used up must not stay. It is emptied, which needs
   * no room, or else removed. A newer record of another page stays, and is taken over.
   */
  async #clear(key) {
    const stored = await this.#stored(key);
    const order = stored === undefined ? -1 : this.#compare(key, stored);
    if (order > 0) {
      this.#failed.delete(key);
      this.#copy.set(key, stored);
      this.#core.storageChanged();
    } else if (order < 0 && !(await this.#put(key, ""))) {
      await this.#put(key, null);
    }
  }

  /** The record as the page's object has it; undefined if it cannot be read. */
  async #stored(key) {
    try {
      return checked(await this.#ask(key));
    } catch {
      return undefined;
    }
  }

  /** Tries twice. False if it could not be done. */
  async #put(key, record) {
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      try {
        await (record === null ? this.#storage.removeItem(key) : this.#storage.setItem(key, record));
        return true;
      } catch {
        // What takes its time may fail once.
      }
    }
    return false;
  }
}

/**
 * @param {import("../bindings/types.d.ts").CustomTokenStorage} storage
 * @param {{ compareRecords(stored: string, ours: string): number, storageChanged(): void }} core
 */
export function adapt(storage, core) {
  const adapter = adapters.get(storage) ?? new StorageAdapter(storage, core);
  adapters.set(storage, adapter);
  return adapter;
}
