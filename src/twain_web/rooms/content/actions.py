"""Everything that changes contents. Saved versions are never changed; nothing that somebody typed is thrown away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from twain.content.blocks import read_blocks
from twain.errors import ConfigError, WrongState
from twain.flows.proof import Proof, send_proofs
from twain_web import engine
from twain_web.outbox import tell
from twain_web.rooms.content import documents, pictures, reads, showing
from twain_web.rooms.content.models import (
    BrandKit,
    Comment,
    Content,
    ContentVersion,
    Draft,
    KeptDraft,
    Media,
    ProofPerson,
    ReusableBlock,
)
from twain_web.rooms.people.public import record

#: Words that are routes of this room: no content's address may be one.
_ROUTES = frozenset({"new", "media", "brands", "reusable", "proof-list", "keep"})


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of an autosave: the draft's revision now; *other* is what another tab had saved, which won.

    *kept* is then the number under which this one is kept.
    """

    revision: int
    base: int
    newest: int
    other: Mapping[str, Any] | None = None
    kept: int = 0


def make_content(*, by: Any, name: str, feed: str, brand: BrandKit, folder: str = "") -> Content:  # noqa: ANN401 — a Person
    """A new content with nothing saved yet. Raises ConfigError when the feed is not there."""
    engine.workspace().feed(feed)
    with transaction.atomic():
        content = Content.objects.create(
            slug=free_slug(Content, name), name=name.strip(), feed=feed, brand=brand, folder=folder.strip(), owner=by
        )
        record(by, "content made", f"content:{content.slug}", {"feed": feed})
    return content


def free_slug(model: Any, name: str) -> str:  # noqa: ANN401 — any of our models with a slug
    """An address made of the name that nothing has yet."""
    start = slugify(name)[:56] or "untitled"
    start = f"{start}-1" if start in _ROUTES else start
    taken = set(model.objects.filter(slug__startswith=start).values_list("slug", flat=True))
    return next(s for s in (start, *(f"{start}-{n}" for n in range(2, 10_000))) if s not in taken)


def duplicate_content(*, by: Any, content: Content) -> Content:  # noqa: ANN401
    """A copy of the newest version, as the draft of a new content."""
    with transaction.atomic():
        made = make_content(by=by, name=f"{content.name} (copy)"[:120], feed=content.feed, brand=content.brand)
        made.folder = content.folder
        made.save(update_fields=["folder"])
        newest = reads.version(content)
        if newest:
            document = {k: v for k, v in newest.document.items() if k != "reused"}
            Draft.objects.create(content=made, person=by, document=document, revision=1)
    return made


def describe_content(
    *,
    by: Any,  # noqa: ANN401
    content: Content,
    name: str,
    folder: str,
    brand: BrandKit,
    utm: Mapping[str, str],
) -> None:
    """Change the name, folder and brand kit, and the UTM rules of the draft."""
    with transaction.atomic():
        content.name, content.folder, content.brand = name.strip(), folder.strip(), brand
        content.save()
        draft = begin_draft(by=by, content=content)
        draft.document = {**draft.document, "utm": {k: v for k, v in utm.items() if v}}
        draft.revision += 1
        draft.save()
        record(by, "content described", f"content:{content.slug}", {"name": name, "brand": brand.slug})


def archive_content(*, by: Any, content: Content, archived: bool) -> None:  # noqa: ANN401
    """Put a content away, or take it out again. Its versions stay where campaigns name them."""
    with transaction.atomic():
        Content.objects.filter(pk=content.pk).update(archived=archived)
        record(by, "content archived" if archived else "content taken out again", f"content:{content.slug}")


# ---------------------------------------------------------------- drafts


def begin_draft(*, by: Any, content: Content) -> Draft:  # noqa: ANN401
    """This person's draft: the one they have, or a new one on the newest version."""
    draft = reads.draft_of(content, by)
    if draft is None:
        newest = reads.version(content)
        document = newest.document if newest else documents.empty(content.brand)
        document = {key: value for key, value in document.items() if key != "reused"}
        draft = Draft.objects.create(content=content, person=by, document=document, base=newest.number if newest else 0)
    return draft


def save_draft(
    *,
    by: Any,  # noqa: ANN401
    content: Content,
    document: Mapping[str, Any],
    revision: int,
    tab: str = "",
    sequence: int = 0,
) -> Saved:
    """Save what is being written. *revision*: the one it was written upon; *tab*, *sequence*: which page says it, and its count.

    When another tab has saved meanwhile, that stays the draft, and this is kept beside it: the answer has both. What comes
    late from the same tab, behind something newer of it, is dropped.
    """
    _refuse_oversize(document)
    with transaction.atomic():
        draft = begin_draft(by=by, content=content)
        newest = reads.version(content)
        number = newest.number if newest else 0
        same_tab = bool(tab) and tab == draft.tab
        if same_tab and sequence < draft.sequence:
            return Saved(draft.revision, draft.base, number)
        if not same_tab and revision != draft.revision and document != draft.document:
            kept = KeptDraft.objects.create(content=content, person=by, document=document, why="tab")
            return Saved(draft.revision, draft.base, number, other=draft.document, kept=kept.pk)
        if document != draft.document:
            draft.document, draft.revision = dict(document), draft.revision + 1
        draft.tab, draft.sequence = tab[:24], sequence
        draft.save()
    return Saved(draft.revision, draft.base, number)


def _refuse_oversize(document: Mapping[str, Any]) -> None:
    if not isinstance(document, dict) or len(json.dumps(document)) > documents.LARGEST:
        raise ConfigError("The message is too large to be saved.", todo="Shorten it, or split it into two.")


def give_up_draft(*, by: Any, content: Content, document: Mapping[str, Any] | None = None) -> Draft:  # noqa: ANN401
    """Begin again from *document* (else from the newest version); what was being written is kept beside it."""
    with transaction.atomic():
        draft = begin_draft(by=by, content=content)
        KeptDraft.objects.create(content=content, person=by, document=draft.document, why="given_up")
        newest = reads.version(content)
        given = document or (newest.document if newest else documents.empty(content.brand))
        draft.document = {key: value for key, value in given.items() if key != "reused"}
        draft.base = newest.number if newest else 0
        draft.revision, draft.tab = draft.revision + 1, ""
        draft.save()
    return draft


def save_version(*, by: Any, content: Content, note: str = "", over: int | None = None) -> ContentVersion:  # noqa: ANN401
    """Save the draft as the next version. *over*: the newest version that the person has seen.

    Raises WrongState when somebody has saved another one meanwhile; ContentError when it is not a message.
    """
    with transaction.atomic():
        draft = begin_draft(by=by, content=content)
        newest = reads.version(content)
        number = newest.number if newest else 0
        if number > (draft.base if over is None else over):
            who = str(newest.author) if newest and newest.author else "Somebody"
            raise WrongState(
                f"{who} has saved version {number} of {content.name} meanwhile.",
                todo="Look at the difference, then save yours on top of it: both stay in the list of versions.",
            )
        document = documents.with_reused(draft.document)
        documents.made(document, content.brand, content.slug)
        saved = ContentVersion.objects.create(
            content=content, number=number + 1, document=document, note=note[:200], author=by,
            subject=documents.subject_in_words(document, reads.business_names(content.feed)),
        )  # fmt: skip
        draft.base = saved.number
        draft.save(update_fields=["base"])
        content.save(update_fields=["updated_at"])
        record(by, "content saved", f"content:{content.slug}", {"version": saved.number, "note": note})
        tell("content.saved", slug=content.slug, version=saved.number)
    return saved


def restore_version(*, by: Any, content: Content, number: int) -> Draft:  # noqa: ANN401
    """Make an earlier version the draft. Raises ConfigError when there is no such version."""
    found = reads.version(content, number)
    if found is None:
        raise ConfigError(f"There is no version {number}.", todo="Choose one of the list.")
    return give_up_draft(by=by, content=content, document=found.document)


def turn_into(*, by: Any, content: Content, kind: str) -> Draft:  # noqa: ANN401
    """Blocks → code, always; code → blocks only while nothing would be lost. Raises WrongState when something would."""
    with transaction.atomic():
        draft = begin_draft(by=by, content=content)
        if kind == "mjml":
            made = documents.as_code(draft.document, content.brand, content.slug)
        else:
            found = documents.as_blocks(draft.document, content.brand, content.slug)
            if found is None:
                raise WrongState(
                    "This code is no longer what the blocks made: turned into blocks, it would lose what you wrote.",
                    todo="Restore a version that has blocks, or stay with the code.",
                )
            made = found
        draft.document, draft.revision = made, draft.revision + 1
        draft.save()
    return draft


# ---------------------------------------------------------------- remarks, reusable blocks


def add_comment(*, by: Any, content: Content, text: str, version: int = 0, block: str = "") -> Comment:  # noqa: ANN401
    """Say something about a version, or about one of its blocks."""
    if not text.strip():
        raise ConfigError("There is nothing in it.", todo="Write your remark, then send it.")
    with transaction.atomic():
        made = Comment.objects.create(
            content=content, version=version, block=block[:24], text=text.strip()[:2000], author=by
        )
        record(by, "content commented", f"content:{content.slug}", {"version": version})
        tell("content.commented", slug=content.slug, comment=made.pk)
    return made


def settle_comment(*, by: Any, comment: Comment) -> None:  # noqa: ANN401
    """Mark a remark as done."""
    with transaction.atomic():
        Comment.objects.filter(pk=comment.pk, settled_at=None).update(settled_at=timezone.now())
        record(by, "comment settled", f"content:{comment.content.slug}")


def keep_reusable(*, by: Any, name: str, blocks: list[Any], reusable: ReusableBlock | None = None) -> ReusableBlock:  # noqa: ANN401
    """Keep blocks under a name, or change what a name holds. Raises ContentError when they are not blocks."""
    read_blocks(blocks)
    if '"type": "reusable"' in json.dumps(blocks):
        raise ConfigError("A reusable block cannot hold another one.", todo="Take the inner one out first.")
    with transaction.atomic():
        kept = reusable or ReusableBlock(slug=free_slug(ReusableBlock, name), owner=by)
        kept.name, kept.blocks = name.strip()[:120], blocks
        kept.save()
        record(by, "reusable block kept", f"reusable:{kept.slug}", {"name": name})
    return kept


def archive_reusable(*, by: Any, reusable: ReusableBlock) -> None:  # noqa: ANN401
    """Offer it no longer. Refused while a draft names it; saved versions have their own copy."""
    named = [
        d.content.name
        for d in Draft.objects.select_related("content")
        if f'"{reusable.slug}"' in str(d.document).replace("'", '"')
    ]
    if named:
        raise ConfigError(f"It is used in {', '.join(sorted(set(named))[:5])}.", todo="Take it out there first.")
    with transaction.atomic():
        ReusableBlock.objects.filter(pk=reusable.pk).update(archived=True)
        record(by, "reusable block archived", f"reusable:{reusable.slug}")


# ---------------------------------------------------------------- pictures, brands, test sends


def add_picture(*, by: Any, data: bytes, name: str, alt: str = "") -> Media:  # noqa: ANN401
    """Keep an upload. The same picture twice is one. Raises ContentError, saying why it is refused."""
    picture = pictures.read_picture(data, name)
    known = Media.objects.filter(sha256=picture.sha256).first()
    if known:
        return known
    pictures.keep(picture)
    with transaction.atomic():
        made = Media.objects.create(
            name=name.rpartition("/")[2].rpartition("\\")[2][:120] or "picture", sha256=picture.sha256,
            suffix=picture.suffix, width=picture.width, height=picture.height, octets=len(picture.data),
            alt=alt.strip()[:300], uploaded_by=by,
        )  # fmt: skip
        record(by, "picture uploaded", f"media:{made.pk}", {"name": made.name, "octets": made.octets})
    return made


def describe_picture(*, by: Any, media: Media, name: str, alt: str) -> None:  # noqa: ANN401
    """Change a picture's name and the words for those who don't see it."""
    with transaction.atomic():
        media.name, media.alt = name.strip()[:120] or media.name, alt.strip()[:300]
        media.save(update_fields=["name", "alt"])
        record(by, "picture described", f"media:{media.pk}")


def keep_brand(*, by: Any, brand: BrandKit) -> BrandKit:  # noqa: ANN401
    """Save a brand kit, new or changed."""
    with transaction.atomic():
        if not brand.slug:
            brand.slug = free_slug(BrandKit, brand.name)
        brand.save()
        record(by, "brand kit kept", f"brand:{brand.slug}", {"sender": brand.sender_address})
    return brand


def add_to_proof_list(*, by: Any, name: str, address: str) -> ProofPerson:  # noqa: ANN401
    """Put somebody on the proof list."""
    with transaction.atomic():
        made, _ = ProofPerson.objects.update_or_create(
            address=address, defaults={"name": name.strip()[:120], "added_by": by}
        )
        record(by, "proof list changed", "proof list", {"added": made.name})
    return made


def take_off_proof_list(*, by: Any, person: ProofPerson) -> None:  # noqa: ANN401
    """Take somebody off the proof list."""
    with transaction.atomic():
        record(by, "proof list changed", "proof list", {"taken off": person.name})
        person.delete()


def send_test(
    *,
    by: Any,  # noqa: ANN401
    content: Content,
    document: Mapping[str, Any],
    recipients: list[str],
    key: str = "",
    extremes: bool = False,
) -> list[Proof]:
    """Send a real message, its subject marked [Test], to oneself or the proof list. It counts nowhere."""
    if not recipients:
        raise ConfigError(
            "There is nobody to send it to.", todo="Put people on the proof list, or send it to yourself."
        )
    made = documents.made(document, content.brand, content.slug)
    sent = send_proofs(engine.instance(by), showing.campaign(content, made), recipients, key=key, extremes=extremes)
    record(by, "test sent", f"content:{content.slug}", {"messages": len(sent), "to": len(recipients)})
    return sent
