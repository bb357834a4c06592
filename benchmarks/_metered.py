"""Run the command line and say on the last line of stderr what it cost: CPU seconds of this process, and of its children."""

import json
import resource
import sys

from twain.cli.app import main


def cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


code: object = 0
try:
    main(sys.argv[1:])
except SystemExit as end:
    code = end.code
sys.stdout.flush()
print(json.dumps({"own": cpu(resource.RUSAGE_SELF), "source": cpu(resource.RUSAGE_CHILDREN)}), file=sys.stderr)
sys.exit(code)  # type: ignore[arg-type]  # what main gave
