from __future__ import annotations

from lib.pages import Page

FORM = """
<div data-state="ready" data-webhook-url="http://h/?a=1&amp;b=2"></div>
<form action="/other/"><input name="q"></form>
<form method="post" action="">
  <input type="hidden" name="token" value="abc"><input name="amount">
  <input type="checkbox" name="off"><input type="checkbox" name="on" checked>
  <select name="connection"><option value="1">First</option>
  <option value="2" selected>Second &amp; last</option></select>
  <textarea name="note">as it
was</textarea><button type="submit" name="_save">Go</button>
</form>
<ul class="errorlist"><li>Type an amount.</li></ul><script>var error = "no";</script>
"""


def test_sends_what_a_browser_would_send() -> None:
    form = Page(FORM).form_with("amount")
    assert form is not None
    assert form.fields == {
        "token": "abc",
        "amount": "",
        "on": "on",
        "connection": "2",
        "note": "as it\nwas",
    }


def test_finds_a_choice_by_its_words() -> None:
    form = Page(FORM).form_with("connection")
    assert form is not None
    assert (form.option("connection", "First"), form.option("connection", "none")) == ("1", None)
    assert form.options["connection"][1] == ("2", "Second & last")


def test_reads_data_attributes_and_errors() -> None:
    page = Page(FORM)
    assert page.data["data-webhook-url"] == "http://h/?a=1&b=2"
    assert page.errors == ["Type an amount."]
    assert "var error" not in page.text
