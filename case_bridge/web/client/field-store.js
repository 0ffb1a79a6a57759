// What waits on the telephone until there is a network: results by task, and points of the track.
const NAME = "hotline-field";

let opened;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("results", { keyPath: "url" });
      request.result.createObjectStore("track", { keyPath: "at" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function run(store, mode, act) {
  const transaction = (await open()).transaction(store, mode);
  const request = act(transaction.objectStore(store));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

export const results = {
  all: () => run("results", "readonly", (store) => store.getAll()),
  get: (url) => run("results", "readonly", (store) => store.get(url)),
  put: (result) => run("results", "readwrite", (store) => store.put(result)),
  remove: (url) => run("results", "readwrite", (store) => store.delete(url)),
};

export const track = {
  some: (count) => run("track", "readonly", (store) => store.getAll(null, count)),
  put: (point) => run("track", "readwrite", (store) => store.put(point)),
  removeUpTo: (at) =>
    run("track", "readwrite", (store) => store.delete(IDBKeyRange.upperBound(at))),
};
