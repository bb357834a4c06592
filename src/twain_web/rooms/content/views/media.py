"""The media library, and the pictures themselves as messages show them."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse

from twain_web.access import public
from twain_web.rooms.content import pictures

_TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}
_YEAR = 31_536_000


@public
def file(request: HttpRequest, file: str) -> HttpResponse:  # noqa: ARG001 — Django's signature
    """A picture, for whoever reads a message. Its name is its content's hash: nobody guesses one, and it never changes."""
    try:
        opened = (pictures.folder() / file).open("rb")
    except OSError as error:
        raise Http404(file) from error
    response = FileResponse(opened, content_type=_TYPES[file.rpartition(".")[2]], filename=file)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    return response
