"""From the records of ``indexing`` and ``qa`` to the shapes of the API."""

from __future__ import annotations

from api.models import (
    AnswerOut,
    AskResponse,
    OriginOut,
    PassageOut,
    PlaceOut,
    ProductOut,
    ReviewOut,
    ReviewRef,
    SupportOut,
    TermsOut,
)
from indexing.records import ProductSummary, Review
from qa.records import Answer, AskResult, FoundPassage, Origin, Place, Support


def review_ref(review: Review) -> ReviewRef:
    """A citation of ``review``; its ``extra`` fields were never meant for the public."""
    return ReviewRef(
        id=review.id,
        product_id=review.product_id,
        title=review.title,
        rating=review.rating,
        date=review.date,
        author=review.author,
        verified=review.verified,
        url=review.url,
    )


def review_out(review: Review) -> ReviewOut:
    """``review`` with its text."""
    return ReviewOut(
        **review_ref(review).model_dump(), product_title=review.product_title, text=review.text
    )


def support_out(support: Support) -> SupportOut:
    """One supporting span."""
    low, high = support.sentence
    return SupportOut(
        review=review_ref(support.review),
        passage_id=support.passage_id,
        start=support.start,
        end=support.end,
        text=support.text,
        sentence=support.review.text[low:high],
        sentence_start=low,
        sentence_end=high,
        confidence=support.confidence,
    )


def answer_out(answer: Answer) -> AnswerOut:
    """One answer with its support."""
    return AnswerOut(
        text=answer.text,
        confidence=answer.confidence,
        support=[support_out(support) for support in answer.support],
    )


def origin_out(origin: Origin) -> OriginOut:
    """Where a passage came from."""
    bm25 = origin.bm25
    return OriginOut(
        bm25=TermsOut(rank=bm25.rank, score=bm25.score, terms=list(origin.terms)) if bm25 else None,
        dense=_place_out(origin.dense),
        fused=_place_out(origin.fused),
        evidence=_place_out(origin.evidence),
        cross_encoder=_place_out(origin.cross_encoder),
    )


def _place_out(place: Place | None) -> PlaceOut | None:
    return PlaceOut(rank=place.rank, score=place.score) if place else None


def passage_out(hit: FoundPassage) -> PassageOut:
    """A passage that was read."""
    passage = hit.passage
    return PassageOut(
        id=passage.id,
        review_id=passage.review_id,
        start=passage.start,
        end=passage.end,
        text=passage.text,
        score=hit.score,
        origin=origin_out(hit.origin),
    )


def ask_response(result: AskResult) -> AskResponse:
    """The whole reply."""
    return AskResponse(
        question=result.question,
        corrections=result.corrections,
        product_id=result.product_id,
        answered=result.answered,
        answers=[answer_out(answer) for answer in result.answers],
        below_threshold=[answer_out(answer) for answer in result.below_threshold],
        no_answer_probability=result.no_answer_probability,
        threshold=result.threshold,
        passages=[passage_out(hit) for hit in result.passages],
        reviews_read=result.reviews_read,
        milliseconds=result.milliseconds,
        model_fingerprint=result.model_fingerprint,
        store_fingerprint=result.store_fingerprint,
    )


def product_out(product: ProductSummary) -> ProductOut:
    """A product's summary."""
    return ProductOut(
        id=product.id,
        title=product.title,
        reviews=product.reviews,
        passages=product.passages,
        mean_rating=product.mean_rating,
    )
