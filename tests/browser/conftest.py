"""The browser that the pages are opened in."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")  # playwright's loop would be in the way of other tests of a session
def browser():
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium on this machine; install one to test the pages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        yield browser
        browser.close()
