"""The form for the look of the pay page: what was uploaded is looked into before it is kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from connections import colours
from connections.branding import MOST_LOGO_BYTES, Brand
from connections.pictures import LEAST_SIDE, MOST_SIDE, NotAPicture, Picture, looked_into

_MOST_UPLOADED = 2 * 1024 * 1024
_KIB = 1024


class BrandForm(forms.ModelForm):
    """``logo_file`` and ``without_logo`` stand for the logo's columns."""

    logo_file = forms.FileField(
        label=_("logo"),
        required=False,
        help_text=_(
            "PNG, JPEG or WebP of at most 10 kB; about 320 × 120 pixels are enough. A larger picture is made "
            "smaller here before it is sent."
        ),
        widget=forms.FileInput(
            attrs={"accept": "image/png,image/jpeg,image/webp", "data-most-bytes": MOST_LOGO_BYTES}
        ),
    )
    without_logo = forms.BooleanField(label=_("remove the logo"), required=False)

    class Meta:
        model = Brand
        fields = ["connection", "name", "colour"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.picture: Picture | None = None
        # Longer than what is kept, so that a wrong one gets our sentence and nothing typed is cut.
        colour = self.fields["colour"] = forms.CharField(label=_("colour"), required=False, max_length=40)
        colour.help_text = _(
            "Of buttons and links, as #0a6b4d. Where it would be hard to read, the page uses a darker or "
            "lighter shade of it by itself."
        )
        colour.widget.attrs |= {"placeholder": "#0a6b4d", "spellcheck": "false", "autocomplete": "off"}
        if not self.instance.logo:
            del self.fields["without_logo"]

    def clean_colour(self) -> str:
        typed = self.cleaned_data["colour"]
        colour = colours.parsed(typed)
        if typed and not colour:
            raise forms.ValidationError(_("Type the colour as # and six digits, for example #0a6b4d."))
        return colour

    def clean_logo_file(self) -> None:
        upload: UploadedFile | None = self.cleaned_data["logo_file"]
        if upload is None:
            return
        if (upload.size or 0) > _MOST_UPLOADED:
            raise forms.ValidationError(self._too_heavy(upload.size or 0))
        try:
            picture = looked_into(upload.read())
        except NotAPicture:
            raise forms.ValidationError(
                _("This is no whole PNG, JPEG or WebP picture. Save the logo as one of them (not as SVG).")
            ) from None
        self._measure(picture)
        self.picture = picture

    def _measure(self, picture: Picture) -> None:
        if not picture.has_usual_size:
            sentence = _(
                "The logo measures %(width)d × %(height)d pixels: each side may have %(least)d to %(most)d."
            )
            sides = {"width": picture.width, "height": picture.height}
            raise forms.ValidationError(sentence % {**sides, "least": LEAST_SIDE, "most": MOST_SIDE})
        if len(picture.body) > MOST_LOGO_BYTES:
            raise forms.ValidationError(self._too_heavy(len(picture.body)))

    @staticmethod
    def _too_heavy(size: int) -> str:
        sentence = _("The logo has %(size)d kB and may have %(most)d: make it smaller, or fewer colours.")
        return sentence % {"size": -(-size // _KIB), "most": MOST_LOGO_BYTES // _KIB}

    def save(self, commit: bool = True) -> Brand:
        brand: Brand = self.instance
        if self.picture:
            brand.logo, brand.logo_kind = self.picture.body, self.picture.kind
            brand.logo_width, brand.logo_height = self.picture.width, self.picture.height
        elif self.cleaned_data.get("without_logo"):
            brand.logo, brand.logo_kind, brand.logo_width, brand.logo_height = b"", "", 0, 0
        return super().save(commit=commit)
