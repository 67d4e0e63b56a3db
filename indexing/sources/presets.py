"""The dumps we know by their columns. A new one is one entry in :data:`PRESETS`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

FIELDS = (
    "id",
    "product_id",
    "text",
    "title",
    "rating",
    "date",
    "author",
    "verified",
    "url",
    "product_title",
)
"""What a review has; the names that a field map may give columns for."""

REQUIRED = ("text", "product_id")


@dataclass(frozen=True, slots=True)
class Preset:
    """How one kind of dump names its columns; of several names the first that is filled counts.

    ``signature`` are the columns that tell it. Columns that are neither mapped nor in ``ignored``
    are kept in the review's ``extra``; with ``keep_rest`` false none are.
    """

    name: str
    fields: Mapping[str, tuple[str, ...]]
    signature: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    keep_rest: bool = True
    label_suffix: str = ""
    """Text that the dump adds to every review and that is not the author's."""


PRESETS: tuple[Preset, ...] = (
    Preset(
        "reviewqa",
        {name: (name,) for name in FIELDS},
        signature=frozenset({"id", "product_id", "text"}),
    ),
    Preset(
        "amazon-2018",
        {
            "product_id": ("asin",),
            "text": ("reviewText",),
            "title": ("summary",),
            "rating": ("overall",),
            "date": ("unixReviewTime", "reviewTime"),
            "author": ("reviewerName", "reviewerID"),
            "verified": ("verified",),
        },
        signature=frozenset({"asin", "reviewText"}),
        ignored=frozenset({"reviewTime", "unixReviewTime", "image"}),
    ),
    Preset(
        "amazon-2023",
        {
            "product_id": ("parent_asin", "asin"),
            "text": ("text",),
            "title": ("title",),
            "rating": ("rating",),
            "date": ("timestamp", "sort_timestamp"),
            "author": ("user_id",),
            "verified": ("verified_purchase",),
        },
        signature=frozenset({"parent_asin", "text", "user_id"}),
        ignored=frozenset({"images"}),
    ),
    Preset(
        "yelp",
        {
            "id": ("review_id",),
            "product_id": ("business_id",),
            "text": ("text",),
            "rating": ("stars",),
            "date": ("date",),
            "author": ("user_id",),
            "product_title": ("name",),
        },
        signature=frozenset({"business_id", "review_id", "text"}),
    ),
    Preset(
        "tripadvisor",
        {
            "id": ("review_id", "id"),
            "product_id": (
                "hotel_url",
                "hotel_id",
                "offering_id",
                "restaurant_id",
                "attraction_id",
            ),
            "text": ("text", "review_text", "review", "content"),
            "title": ("title", "review_title"),
            "rating": ("rating", "overall", "bubbles"),
            "date": ("date", "review_date", "date_stayed"),
            "author": ("author", "username"),
            "url": ("review_url",),
            "product_title": ("hotel_name", "restaurant_name", "name"),
        },
        signature=frozenset({"hotel_url", "text"}),
    ),
    Preset(
        "subjqa",
        {"id": ("review_id",), "product_id": ("item_id",), "text": ("review",)},
        signature=frozenset({"item_id", "review_id", "review", "q_review_id"}),
        keep_rest=False,
        label_suffix=" ANSWERNOTFOUND",
    ),
)

COMMON = Preset(
    "common names",
    {
        "id": ("id", "review_id", "reviewId", "reviewID", "uuid"),
        "product_id": (
            "product_id", "productId", "product", "asin", "parent_asin", "item_id", "itemId", "sku",
            "business_id", "hotel_url", "hotel_id", "offering_id", "restaurant_id", "product_name",
        ),
        "text": (
            "text", "review_text", "reviewText", "review", "review_body", "body", "content",
            "comment", "Text", "Review",
        ),
        "title": ("title", "review_title", "reviewTitle", "summary", "headline", "review_headline"),
        "rating": ("rating", "stars", "star_rating", "overall", "score"),
        "date": ("date", "review_date", "reviewDate", "timestamp", "time", "created_at"),
        "author": (
            "author", "user_id", "userId", "reviewer", "reviewerName", "reviewer_name", "username",
            "customer_id", "profileName",
        ),
        "verified": ("verified", "verified_purchase", "verifiedPurchase"),
        "url": ("url", "review_url"),
        "product_title": ("product_title", "productTitle", "product_name", "hotel_name", "name"),
    },
)  # fmt: skip
"""For dumps of nobody's: the names people usually give."""


def detect(columns: Collection[str]) -> Preset:
    """The preset with the largest signature among those that fit, else :data:`COMMON`."""
    present = set(columns)
    fitting = [preset for preset in PRESETS if preset.signature <= present]
    return max(fitting, key=lambda preset: len(preset.signature), default=COMMON)
