"""What Marketing writes: contents with their versions and drafts, what they are made of, and what is said about them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

PERSON = settings.AUTH_USER_MODEL


class Media(models.Model):
    """A picture, decoded and written anew by us; its file lies at ``<sha256>.<suffix>`` in the media folder."""

    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64, unique=True)
    suffix = models.CharField(max_length=4)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    octets = models.PositiveIntegerField()
    alt = models.CharField(max_length=300, blank=True)
    uploaded_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return self.name

    @property
    def file_name(self) -> str:
        """The name of the file, and the end of its address."""
        return f"{self.sha256}.{self.suffix}"


class BrandKit(models.Model):
    """How a brand looks and who it is: sender, postal address, colours, font, logo, networks, and its UTM rules."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    sender_name = models.CharField(max_length=120)
    sender_address = models.EmailField()
    reply_to = models.EmailField(blank=True)
    postal_address = models.CharField(max_length=300)
    style = models.JSONField(default=dict)
    """``twain.content.blocks.Brand``'s colours and font, by name; what is missing has our default."""
    logo = models.ForeignKey(Media, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    social = models.JSONField(default=list)
    """``[{"network": "instagram", "url": "https://…"}]``, as a new social block begins with."""
    utm = models.JSONField(default=dict)
    """``{"utm_source": "…", …}``, added to every web link that does not say it itself."""
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Content(models.Model):
    """One message's words, apart from whom they go to: a name, the feed whose fields it may use, and its versions."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    feed = models.CharField(max_length=64)
    brand = models.ForeignKey(BrandKit, on_delete=models.PROTECT, related_name="contents")
    owner = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    folder = models.CharField(max_length=80, blank=True)
    archived = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-updated_at",)

    def __str__(self) -> str:
        return self.name


class ContentVersion(models.Model):
    """A content as it was saved: never changed afterwards. The reusable blocks that it names are copied into it."""

    content = models.ForeignKey(Content, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    subject = models.CharField(max_length=400, blank=True)
    """The subject in words, for lists."""
    note = models.CharField(max_length=200, blank=True)
    author = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=["content", "number"], name="one_version_per_number"),)

    def __str__(self) -> str:
        return f"{self.content} {self.number}"


class Draft(models.Model):
    """What one person is writing: saved with every pause. *base* is the version that they began from.

    *tab* and *sequence* say which open page wrote it last, and its count: what arrives late from there is no conflict.
    """

    content = models.ForeignKey(Content, on_delete=models.CASCADE, related_name="drafts")
    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="+")
    document = models.JSONField()
    base = models.PositiveIntegerField(default=0)
    revision = models.PositiveIntegerField(default=0)
    tab = models.CharField(max_length=24, blank=True)
    sequence = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["content", "person"], name="one_draft_per_person"),)

    def __str__(self) -> str:
        return f"{self.content}: {self.person}, revision {self.revision}"


class KeptDraft(models.Model):
    """The other side of a conflict: nothing that somebody typed is thrown away."""

    WHY: ClassVar = [("tab", _("Written in another tab")), ("given_up", _("Given up for another version"))]

    content = models.ForeignKey(Content, on_delete=models.CASCADE, related_name="kept_drafts")
    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="+")
    document = models.JSONField()
    why = models.CharField(max_length=12, choices=WHY)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.content}: {self.get_why_display()}"


class Comment(models.Model):
    """A remark on a version (0: on what is being written), and on one of its blocks where it names one."""

    content = models.ForeignKey(Content, on_delete=models.CASCADE, related_name="comments")
    version = models.PositiveIntegerField(default=0)
    block = models.CharField(max_length=24, blank=True)
    text = models.CharField(max_length=2000)
    author = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return self.text[:60]


class ReusableBlock(models.Model):
    """Blocks that many contents share: a header, a signature. A saved version keeps the copy that it was saved with."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    blocks = models.JSONField(default=list)
    owner = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    archived = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ProofPerson(models.Model):
    """Somebody on the proof list: they get every test send that goes to the list."""

    name = models.CharField(max_length=120)
    address = models.EmailField(unique=True)
    added_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>"
