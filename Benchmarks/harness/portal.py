"""The simulated portal of the binary, as a separate process."""

import re

from .child import Child

ADDRESS = re.compile(r"^simulated portal at (http://\S+)$.*^token: (\S+)$", re.MULTILINE | re.DOTALL)


class Portal(Child):
    """A portal that has `records` activities of the last day and responds as fast as it can."""

    def __init__(self, program, folder, records):
        arguments = ["--port", 0, "--history", records, "--history-hours", 24, "--rate", 0, "--prompt"]
        arguments += ["--activities-per-alert", 0, "--requests-per-minute", 0]
        super().__init__("portal", [program, "simulate", *arguments], folder)
        try:
            found = self.wait_until("an address", lambda: ADDRESS.search(self.last_output()), limit=30)
        except BaseException:
            self.stop()
            raise
        self.address, self.token = found.groups()
