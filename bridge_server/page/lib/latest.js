// Latest wins: one request under way, the newest state next, and no older answer after a newer one.

/**
 * Returns a function that takes the newest state. `work(state)` asks, `show(answer, state)` shows; whatever state came
 * in between is passed over. `fail(error)` hears of what went wrong.
 */
export function latest(work, show, fail) {
  let next = null;
  let busy = false;
  return async function take(state) {
    next = { state };
    if (busy) return;
    busy = true;
    while (next) {
      const { state: now } = next;
      next = null;
      try {
        show(await work(now), now);
      } catch (error) {
        if (!next) fail(error);
      }
    }
    busy = false;
  };
}

/** Returns a function that calls `work` once it has not been called for so long. */
export function settled(work, ms) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), ms);
  };
}

/** Returns a function that calls `work` at once, and where it is called again before it has rested for so long, then. */
export function promptly(work, ms) {
  let timer = 0;
  let again = false;
  return () => {
    again = timer > 0;
    if (!again) work();
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = 0;
      if (again) work();
    }, ms);
  };
}
