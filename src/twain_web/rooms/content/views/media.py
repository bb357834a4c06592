"""The media library, and the pictures themselves as messages show them."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from twain.errors import ContentError
from twain_web.access import needs, public
from twain_web.rooms.content import actions, pictures, reads
from twain_web.rooms.content.models import Media
from twain_web.rooms.content.permissions import EDIT_MEDIA, READ_CONTENT

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


@needs(READ_CONTENT)
def library(request: HttpRequest) -> HttpResponse:
    """All pictures."""
    wanted = request.GET.get("q", "").strip()[:80]
    found = Media.objects.filter(name__icontains=wanted) if wanted else Media.objects.all()
    page = Paginator(found, 24).get_page(request.GET.get("page"))
    return render(request, "content/library.html", {"page": page, "wanted": wanted})


@needs(READ_CONTENT)
def choices(request: HttpRequest) -> HttpResponse:
    """The newest pictures, for the editor's picker."""
    wanted = request.GET.get("q", "").strip()[:80]
    found = Media.objects.filter(name__icontains=wanted)[:60]
    return JsonResponse({"pictures": [_as_choice(one) for one in found]})


def _as_choice(one: Media) -> dict[str, object]:
    return {"file": one.file_name, "name": one.name, "alt": one.alt, "width": one.width, "height": one.height}


@require_POST
@needs(EDIT_MEDIA)
def upload(request: HttpRequest) -> HttpResponse:
    """Keep a picture. The editor asks for JSON; the library's form is sent back to its page."""
    wants_json = request.headers.get("Accept") == "application/json"
    try:
        made = _uploaded(request)
    except ContentError as error:
        if wants_json:
            return JsonResponse({"what": error.what, "todo": error.todo}, status=422)
        messages.error(request, f"{error.what} {error.todo}")
        return redirect("content:library")
    if wants_json:
        return JsonResponse(_as_choice(made))
    messages.success(request, _("Uploaded. Say what it shows, for those who don't see it."))
    return redirect("content:picture", made.pk)


def _uploaded(request: HttpRequest) -> Media:
    given = request.FILES.get("file")
    if given is None or (given.size or 0) > pictures.LARGEST_FILE:
        raise ContentError(_("There is no file, or it is larger than 8 MB."), todo=_("Choose a smaller picture."))
    alt = str(request.POST.get("alt", ""))
    return actions.add_picture(by=request.user, data=given.read(), name=str(given.name), alt=alt)


def _picture(number: int) -> Media:
    found = Media.objects.filter(pk=number).first()
    if found is None:
        raise Http404(number)
    return found


@needs(READ_CONTENT, get=_picture)
def picture(request: HttpRequest, one: Media) -> HttpResponse:
    """One picture, its words, and where it is used."""
    return render(request, "content/picture.html", {"picture": one, "uses": reads.uses_of_picture(one)})


@require_POST
@needs(EDIT_MEDIA, get=_picture)
def describe(request: HttpRequest, one: Media) -> HttpResponse:
    """Change its name and its words."""
    name, alt = (str(request.POST.get(key, "")) for key in ("name", "alt"))
    actions.describe_picture(by=request.user, media=one, name=name, alt=alt)
    messages.success(request, _("Saved."))
    return redirect("content:library")
