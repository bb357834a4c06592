"""Run by a test in a process of its own: prepare the house, write audit rows from two threads, say how many there are."""

import sys
import threading

from twain_web.loading import load

load()

from django.db import connection, transaction  # noqa: E402 — after setup

from twain_web.rooms.people.audit import record  # noqa: E402
from twain_web.rooms.people.models import AuditRow  # noqa: E402
from twain_web.supervise.prepare import prepare  # noqa: E402

EACH = 25


def write(name: str) -> None:
    for number in range(EACH):
        with transaction.atomic():  # as in an action: the row and what it tells of are one
            record(name, "wrote", f"row:{number}")
    connection.close()


if __name__ == "__main__":
    prepare()
    threads = [threading.Thread(target=write, args=(f"{sys.argv[1]}-{n}",)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(AuditRow.objects.count())
