"""Near duplicates: bands that copies share, and how alike two texts are."""

from __future__ import annotations

import random

import pytest
from hypothesis import given

from comments_service.text import near
from tests.checks.labels import LABELLED, documented

from .samples import any_text, quick

ADVERTS = [cluster["variants"] for cluster in LABELLED["adverts"]]


class Site:
    """Remembers the newest text with each band, as the database does, and the cluster of each."""

    def __init__(self) -> None:
        self.texts: list[tuple[frozenset[str], int]] = []
        self.newest: dict[tuple[int, int | None], int] = {}

    def cluster(self, body: str) -> int:
        """The cluster that a new text joins or begins."""
        bands = near.bands(body)
        keys = [(column, band) for column in (1, 2) for band in bands]
        pairs = near.pairs(body)
        alike = [
            (near.likeness(pairs, self.texts[place][0]), self.texts[place][1])
            for place in {self.newest[key] for key in keys if key in self.newest and key[1] is not None}
        ]
        number = len(self.texts)
        likeness, cluster = max(alike, default=(0.0, number))
        self.texts.append((pairs, cluster if likeness >= near.ALIKE else number))
        self.newest |= dict.fromkeys(zip((1, 2), bands, strict=False), number)
        return self.texts[-1][1]


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_forty_variants_of_an_advert_make_one_cluster_in_any_order(seed: int | None) -> None:
    site = Site()
    for honest in LABELLED["different"]:
        site.cluster(honest)
    for variants in ADVERTS:
        shuffled = random.Random(seed).sample(variants, len(variants)) if seed is not None else variants
        assert len(variants) == 40
        assert len({site.cluster(variant) for variant in shuffled}) == 1


def test_different_texts_on_one_subject_make_no_cluster() -> None:
    site = Site()
    clusters = [site.cluster(text) for text in (*LABELLED["different"], *(row[0] for row in ADVERTS))]
    assert len(set(clusters)) == len(clusters) == 43
    assert documented("near duplicates") == ["117 of 117", "0 of 40"]


def test_stored_bands_mean_the_same_in_every_release() -> None:
    assert near.bands(ADVERTS[0][0]) == (239059678104012459, 627093483023488415, 644647635862430050)


def test_a_long_text_costs_one_hash_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[bytes] = []

    def count(run: bytes) -> int:
        hashed.append(run)
        return len(hashed)

    monkeypatch.setattr(near, "crc32", count)
    near.bands(" ".join(f"word{number}x" for number in range(1_500)))
    assert len(hashed) == 1_498


@given(any_text)
@quick
def test_any_text_is_as_like_to_itself_as_can_be(text: str) -> None:
    pairs = near.pairs(text)
    assert near.likeness(pairs, pairs) == (1.0 if pairs else 0.0)
    assert len(near.bands(text)) == 3
