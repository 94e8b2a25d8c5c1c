// A table that is wider than the page is scrolled by keys too: who tabs to it can use the arrows.
const widths = new ResizeObserver((changed) => {
  for (const { target } of changed) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
// The theme puts around a table what scrolls it, some time after the page has come.
const look = () => document.querySelectorAll(".md-typeset__scrollwrap").forEach((around) => widths.observe(around));
new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
look();
