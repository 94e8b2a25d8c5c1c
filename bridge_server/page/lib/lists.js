// Lists of which the server gives a page at a time.

import { get } from "./api.js";

const PAGE = 500; // the most that the server gives at once

/** The newest of a list, so many at most: { items, more, remarks }; `more`: how many others there are. */
export async function newest(path, name, most) {
  const items = new Map(); // by their ids: the bundled models are on every page, and stay the last
  let answer = { next: 0 };
  do {
    answer = await get(`${path}?limit=${Math.min(PAGE, most - items.size)}&after=${answer.next}`);
    for (const item of answer[name]) {
      items.delete(item.id);
      items.set(item.id, item);
    }
  } while (answer.next && items.size < most);
  return { items: [...items.values()], more: Math.max(0, answer.total - items.size), remarks: answer.remarks ?? [] };
}

/** The model of a name, if there is one. */
export async function modelNamed(name) {
  const { models } = await get(`/api/models?name=${encodeURIComponent(name)}`);
  return models.find((model) => model.name.toLowerCase() === name.toLowerCase());
}

/** The model of a run, under the name that it has by now, if it is there: another may have the name that the run had. */
export async function modelOf(run) {
  const found = await modelNamed(run.model);
  return found?.id === run.id ? found : undefined;
}

/** Text from an address, where somebody may have typed anything; nothing where it says nothing. */
export function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
