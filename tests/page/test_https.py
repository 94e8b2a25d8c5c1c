"""The page over TLS, whose certificate nobody vouches for."""

import pytest
from playwright.sync_api import Error, expect

from tests.tls import TOKEN, Served, make_certificate


def test_a_browser_warns_and_behind_the_warning_the_page_is_connected_and_has_cryptography(browser, tmp_path):
    make_certificate(tmp_path / "tls")
    address = f"{Served(tmp_path / 'tls').url}/#token={TOKEN}"
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        browser.new_page().goto(address)
    context = browser.new_context(ignore_https_errors=True)  # as if somebody had looked at it, and gone on
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    assert page.evaluate("isSecureContext && Boolean(crypto.subtle)")
    context.close()
