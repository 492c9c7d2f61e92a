"""`site`: add, list, set."""

from __future__ import annotations

from tests.cli.running import Shell


def test_a_site_is_added_and_listed(shell: Shell) -> None:
    shell.done("site", "add", "fells", "--origin", "https://a.example/", "--origin", "http://b.example:80")
    shell.done("site", "add", "tarns", "--origin", "https://t.example", "--name", "The Tarns")
    listed = shell.done("site", "list").splitlines()
    assert "fells\tfells\thttps://a.example http://b.example" in listed
    assert "tarns\tThe Tarns\thttps://t.example" in listed


def test_a_site_that_cannot_be_is_one_sentence(shell: Shell) -> None:
    shell.done("site", "add", "twice", "--origin", "https://a.example")
    assert "already" in shell.failed("site", "add", "twice", "--origin", "https://a.example")
    assert "small letters" in shell.failed("site", "add", "A_B", "--origin", "https://a.example")
    assert "not an origin" in shell.failed("site", "add", "becks", "--origin", "a.example/path")


def test_the_policy_is_changed_shown_and_reset(shell: Shell) -> None:
    shell.done("site", "add", "becks", "--origin", "https://a.example")
    changed = shell.done("site", "set", "becks", "mode=first", "words_held=casino, poker", "links_max=0")
    assert changed == "mode=first\nwords_held=casino,poker\nlinks_max=0\n"
    assert shell.done("site", "set", "becks", "mode=") == "mode=open\n"
    shown = shell.done("site", "list", "--policy")
    assert "  words_held=casino,poker\n" in shown
    assert "  article_url=\n" in shown


def test_a_bad_change_is_refused(shell: Shell) -> None:
    shell.done("site", "add", "bad", "--origin", "https://a.example")
    assert "links_max: must be" in shell.failed("site", "set", "bad", "links_max=many")
    assert "no site" in shell.failed("site", "set", "nowhere", "mode=first")
    assert "NAME=VALUE" in shell.misused("site", "set", "bad", "mode")
    assert "article_url" in shell.misused("site", "set", "bad", "colour=blue")
