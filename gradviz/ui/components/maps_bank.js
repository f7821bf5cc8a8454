// What the maps are made of, each kept under its digest: names, points of one map, a sheet of small photographs, the row
// of the photograph in focus. Each comes in a component call of its own, so that a change sends what has changed alone.

const bank = new Map(); // digest -> { header, parts, url, image }
const kept = new WeakMap(); // by parentElement: the digest that this call holds
const waiting = new Set(); // states of the maps on the page

const LINGER = 5000; // milliseconds: the maps may still show what has been replaced until their own call comes

function takeIn(place, { header, parts }) {
  if (kept.get(place) === header.digest) return;
  letGo(place);
  kept.set(place, header.digest);
  if (!bank.has(header.digest)) bank.set(header.digest, { header, parts, holders: new Set() });
  bank.get(header.digest).holders.add(place);
  for (const state of waiting) state.refresh();
}

// A call that is gone, or holds something else now; what no call holds any more is forgotten after a while.
function letGo(place) {
  const digest = kept.get(place);
  const entry = bank.get(digest);
  kept.delete(place);
  if (!entry) return;
  entry.holders.delete(place);
  setTimeout(() => {
    if (entry.holders.size || bank.get(digest) !== entry) return;
    if (entry.url) URL.revokeObjectURL(entry.url);
    bank.delete(digest);
  }, LINGER);
}

// The part of an entry that is a JPEG, as an address and, once it is decoded, as a picture to draw.
function pictureOf(entry, part, ready) {
  if (!entry.url) {
    entry.url = URL.createObjectURL(new Blob([entry.parts[part]], { type: "image/jpeg" }));
    const image = element("img", { src: entry.url });
    image.decode().then(
      () => {
        entry.image = image;
        ready();
      },
      () => {},
    );
  }
  return entry;
}
