"""A headless Chromium, and what its log says."""

import os

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from .waiting import PATIENCE, wait_until

__all__ = ["Browser", "Keys"]


class Browser:
    """One window. `complaints()` is what the browser had to say, violations of policies too."""

    def __init__(self, directory):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--disable-dev-shm-usage", "--disable-gpu",
                         "--disable-background-networking", "--no-first-run", "--mute-audio",
                         "--hide-scrollbars", f"--user-data-dir={directory}"):
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        options.accept_insecure_certs = True
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.set_page_load_timeout(PATIENCE)
        self.driver.set_script_timeout(60)
        self.size(1100, 700)

    def size(self, width, height):
        """Of what a page has, whatever window stands around it; down to any width."""
        self.command("Emulation.setDeviceMetricsOverride",
                     {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def command(self, name, parameters):
        """One of the DevTools' protocol."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def open(self, address):
        """Goes there, anew even when only the part behind # is another."""
        self.driver.get("about:blank")
        self.driver.get(address)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        """The one element that a CSS selector matches."""
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        assert len(found) == 1, f"{selector} matches {len(found)}"
        return found[0]

    def text(self, selector="body"):
        """What can be read there, at once: elements may be replaced at any time."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def texts(self, selector):
        return self.run(
            "return [...document.querySelectorAll(arguments[0])].map((x) => x.innerText)", selector)

    def names(self):
        """The backends that are listed, in their order."""
        return self.texts("table.fleet tbody th[scope=row] a")

    def focused(self):
        return self.run("const x = document.activeElement; return x.id || x.innerText")

    def press(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def wait(self, condition, what="", timeout=PATIENCE):
        """Waits until a condition is true; returns its value."""
        return wait_until(condition, timeout, lambda: f"{what}\n{self.text()[:3000]}", every=0.05)

    def complaints(self):
        """What came since the last call."""
        return [x["message"] for x in self.driver.get_log("browser")]

    def screenshot(self, path):
        self.driver.save_screenshot(str(path))

    def close(self):
        self.driver.quit()
