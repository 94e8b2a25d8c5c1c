"""How quick is the page? Opens it in a real Chromium, from a server in an empty home, and prints a table.

    python benchmarks/page.py [--opens 15] [--seconds 4]

The bars are 300 ms to the first paint and 33 ms from a step of a slider, dragged at 60 Hz, to the new picture, medians
on two cores. Chromium draws without a graphics card here, on the same cores as the server.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

from bridge import Server
from playwright.sync_api import Page, sync_playwright

_PAINT = """() => new Promise((tell) => new PerformanceObserver((paints) => {
  const found = paints.getEntriesByName("first-contentful-paint")[0];
  if (found) tell(found.startTime);
}).observe({ type: "paint", buffered: true }))"""
# From each step whose picture came up to the frame that shows it; steps that another one overtook show nothing.
_DRAG = """async ([name, seconds]) => {
  const slider = document.querySelector(`input[name="${name}"]`), shown = document.querySelector("[data-shown]");
  const asked = new Map(), times = [];
  const watch = new MutationObserver(() => {
    const step = asked.get(JSON.parse(shown.dataset.shown)[name]);
    if (step !== undefined) requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - step)));
  });
  watch.observe(shown, { attributes: true, attributeFilter: ["data-shown"] });
  const end = performance.now() + 1000 * seconds;
  for (let turn = 0; performance.now() < end || !times.length; turn++) {
    slider.value = -3 + 0.05 * (turn % 121);
    asked.set(slider.valueAsNumber, performance.now());
    slider.dispatchEvent(new Event("input"));
    await new Promise((next) => setTimeout(next, 1000 / 60));
  }
  watch.disconnect();
  return times;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opens", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=4.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, Server(Path(home)) as server, sync_playwright() as playwright:
        server.generate()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-headless-shell"),
            args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        paints = []
        for _ in range(given.opens):
            page = browser.new_context().new_page()
            _open(page, server)
            paints.append(page.evaluate(_PAINT))
            page.context.close()
        _row("first paint", paints, 300)
        for form in ("image", "relief"):
            for count in (1, 6):
                page = browser.new_context().new_page()
                _open(page, server)
                page.locator(f"input[type=radio][value={form}]").check()
                page.locator("input[name=count]").fill(str(count))
                page.evaluate(_DRAG, ["slant", 1])
                times = page.evaluate(_DRAG, ["slant", given.seconds])
                _row(f"slider step, {form}, {count} shown, {len(times) / given.seconds:.0f} pictures/s", times, 33)
                page.context.close()
        browser.close()


def _open(page: Page, server: Server) -> None:
    page.goto(server.page)
    page.wait_for_selector("[data-shown]")


def _row(what: str, times: list[float], bar: int) -> None:
    ordered = sorted(times)
    p95 = ordered[int(0.95 * len(ordered))]
    print(f"{what:<48} median {statistics.median(ordered):5.1f} ms, p95 {p95:5.1f} ms, bar {bar} ms", flush=True)


if __name__ == "__main__":
    main()
