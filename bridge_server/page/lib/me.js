// Who uses the page, and which calls they may make: what they may not do is not offered.

import { get } from "./api.js";

let asked = null;

/** { name, role, may(call) } of the one whose token the page has. */
export function me() {
  asked ??= get("/api/me").then(
    ({ name, role, calls }) => ({ name, role, may: (call) => calls.includes(call) }),
    (error) => {
      asked = null; // the next who asks tries again
      throw error;
    },
  );
  return asked;
}

/** Forget who it was, where the page is given another token. */
export function forgetMe() {
  asked = null;
}

/** Offer elements by the calls that they make: each is hidden until it is known that it may be used. */
export function offer(calls) {
  for (const node of Object.values(calls).flat()) node.hidden = true;
  me().then(
    ({ may }) => {
      for (const [call, nodes] of Object.entries(calls)) for (const node of [nodes].flat()) node.hidden = !may(call);
    },
    () => {}, // the server is away, as the page says by itself
  );
}
