"""Models of the Transformers library as readers to measure: tiny ones, made here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    BertModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForQuestionAnswering,
)

from indexing.sample import questions_path
from qa.errors import ModelError
from qa.experiments.evaluate import Job, evaluate_reader, evaluate_retriever
from qa.experiments.readers import make_reader

WORDS = ["the", "strap", "holds", "a", "heavy", "camera", "is", "it", "red", "what", "color"]
TEXT = "the strap holds a heavy camera " * 8
SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
}


def tokenizer(folder: Path, first: str, last: str, between: str) -> int:
    vocabulary = {word: n for n, word in enumerate([first, "<pad>", last, "<unk>", *WORDS])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {between} $B:1 {last}:1",
        special_tokens=[(first, vocabulary[first]), (last, vocabulary[last])],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=made,
        cls_token=first,
        sep_token=last,
        pad_token="<pad>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"]
        + (["token_type_ids"] if between == last else []),
    ).save_pretrained(folder)
    return len(vocabulary)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bert")
    size = tokenizer(folder, "[CLS]", "[SEP]", "[SEP]")
    torch.manual_seed(0)
    BertForQuestionAnswering(BertConfig(vocab_size=size, **SHAPE)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("roberta")
    size = tokenizer(folder, "<s>", "</s>", "</s> </s>")
    torch.manual_seed(0)
    config = RobertaConfig(vocab_size=size, type_vocab_size=1, **SHAPE)
    RobertaForQuestionAnswering(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_a_spans_score_is_the_librarys_logits_against_the_null_answer(
    name: str, request: pytest.FixtureRequest
) -> None:
    """Against the library's own tokenizer and forward pass, one unpadded window."""
    folder = request.getfixturevalue(name)
    kind = BertForQuestionAnswering if name == "bert" else RobertaForQuestionAnswering
    model = kind.from_pretrained(folder).eval()
    encode = PreTrainedTokenizerFast.from_pretrained(folder)
    question, context = "what color is it", "the strap holds a camera"
    pair = encode(question, context, return_tensors="pt", return_offsets_mapping=True)
    offsets = pair.pop("offset_mapping")[0].tolist()
    inside = [i for i, s in enumerate(pair.sequence_ids(0)) if s == 1]
    with torch.inference_mode():
        out = model(**pair)
    start, end = out.start_logits[0], out.end_logits[0]
    best = max((float(start[i] + end[j]), i, j) for i in inside for j in inside if i <= j)
    reader = make_reader(f"hub:{folder}", threads=1)
    # A longer neighbour in the same batch, so that this one is padded.
    ((span,), _) = reader.spans([question, question], [context, TEXT], 1)
    assert span.score == pytest.approx(best[0] - float(start[0] + end[0]), abs=1e-5)
    assert (span.start, span.end) == (offsets[best[1]][0], offsets[best[2]][1])
    assert reader.confidence(span) is None
    assert reader.threshold is None


def test_a_hub_model_is_measured_like_any_reader(bert: Path, tmp_path: Path) -> None:
    answers = [{"text": "strap", "answer_start": 4}]
    entries = [
        {"id": "a", "question": "what holds", "answers": answers},
        {"id": "b", "question": "is it red", "answers": []},
    ]
    tree = {"data": [{"title": "p", "paragraphs": [{"context": TEXT, "qas": entries}]}]}
    gold = tmp_path / "gold.json"
    gold.write_text(json.dumps(tree), "utf-8")
    result = evaluate_reader(Job(str(gold), "test", Path()), f"hub:{bert}", threads=1)
    measured = {(f.protocol, f.metric) for f in result.figures}
    assert {("all", "f1"), ("book", "em"), ("best span", "aurc")} <= measured
    assert not {metric for _, metric in measured} & {"ece", "brier"}
    assert not [protocol for protocol, _ in measured if "tuned" in protocol]
    assert len(result.header["model_fingerprint"]) == 16


def test_what_cannot_be_read_with_is_one_line(bert: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"hub:.*gone: no folder or hub model") as raised:
        make_reader(f"hub:{tmp_path / 'gone'}")
    assert "\n" not in str(raised.value)
    headless = tmp_path / "headless"
    tokenizer(headless, "[CLS]", "[SEP]", "[SEP]")
    BertModel(BertConfig(vocab_size=15, **SHAPE)).save_pretrained(headless)
    with pytest.raises(ModelError, match=r"it has no qa_outputs\.bias, qa_outputs\.weight"):
        make_reader(f"hub:{headless}")
    with pytest.raises(ModelError, match="cannot be loaded"):
        evaluate_retriever(Job(str(questions_path()), "test", Path()), "hub:no/such-model")


def test_without_torch_the_install_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.experiments.readers.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"needs torch and transformers: pip install 'reviewqa\["):
        make_reader("hub:somebody/model")
