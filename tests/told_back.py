"""What a process sees of itself, as JSON: ``python -m tests.told_back <exit code> [anything]``."""

import json
import os
import signal
import sys

if __name__ == "__main__":
    said = {
        "arguments": sys.argv[1:],
        "buffered": [sys.stdout.line_buffering, sys.stderr.line_buffering],
        "child_of": os.getppid(),
        "encodings": [(one.encoding, one.errors) for one in (sys.stdin, sys.stdout, sys.stderr)],
        "environment": dict(os.environ),
        "folder": os.getcwd(),  # noqa: PTH109 — as the kernel says it
        "leads": os.getsid(0) == os.getpid(),
        "mask": os.umask(0o077),
        "name": __name__,
        "open": sorted(int(one) for one in os.listdir("/proc/self/fd")),  # noqa: PTH208
        "path": sys.path,
        "read": sys.stdin.read(),
        "signals": [
            str(signal.getsignal(one)) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD)
        ],
    }
    print(json.dumps(said))
    print("and to the other stream", file=sys.stderr)
    sys.exit(int(sys.argv[1]))
