"""Loaded before anything else: the web's settings are made from a workspace, so the tests have one of their own.

It is the demo company's folder, copied; its database is built by the fixture that needs it. One per test process.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from twain.demo.start import copy_workspace

ROOT = Path(tempfile.mkdtemp(prefix="twain-house-"))
atexit.register(shutil.rmtree, ROOT, ignore_errors=True)
copy_workspace(ROOT)
os.environ["TWAIN_ROOT"] = str(ROOT)
