"""Make tiny checkpoints of GLM-4.6V's two architectures out of random numbers: `python tiny.py moe|dense FOLDER`.

It runs inside the environment of SGLang, whose transformers it needs. The model is noise that ENDS: some dimensions of the residual
stream are kept free of noise and say what the last token is, and the output layer weighs brackets, quotes and end tokens by them. A
constrained reply so closes its strings, arrays and objects after an element or two, an unconstrained one stops, and with thinking on the
reply opens with a thought and closes it. Which words, numbers, keys and branches come out is noise that depends on prompt and pages.
"""

import json
import string
import sys
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    Glm4vConfig,
    Glm4vForConditionalGeneration,
    Glm4vMoeConfig,
    Glm4vMoeForConditionalGeneration,
    PreTrainedTokenizerFast,
)

HERE = Path(__file__).parent
HIDDEN, HEAD, QUERY_HEADS, KEY_HEADS = 128, 32, 4, 2
POSITIONS = 131_072
LONGEST_EDGE, SHORTEST_EDGE = 9_633_792, 12_544

VOCABULARY = """
annual answer assets axis balance bar below between billion box capital caption cash category cells chart company continues cost
currency data date doc document equity evidence expense figure first form from header image income is item items kind label legend line
lines loss margin market million model name net note null number object of operating page pages percent period point points price profit
quarter quote rate ratio read repeated report result revenue row rows sales scale section segment series share size source span string
survey table tables tax text the thousand title to total true false type unit value year
"""

TURNS = ("<|endoftext|>", "<|user|>", "<|observation|>")
SPECIAL = (
    *("<|endoftext|>", "[MASK]", "[gMASK]", "[sMASK]", "<sop>", "<eop>", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"),
    *("<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>", "<|image|>", "<|video|>"),
    *("<|begin_of_box|>", "<|end_of_box|>"),
)
PLAIN = (
    *("<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"),
    *("<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "/nothink"),
)

# Dimensions of the residual stream that carry no noise. Each is FLAG where it holds and 0 elsewhere.
FLAG = 24.0
ALWAYS, NEWLINE, THOUGHT, SEEN, QUOTE = range(5)
# Each word has a rank, and is followed by one of the next rank: no greedy reply goes round in circles.
RANKS = range(5, 10)
LAST = RANKS[-1]
FLAGS = 10

# How much a flag speaks for a token. One unit is more than noise hardly ever makes up for, except between equals.
WEIGHTS: dict[str, dict[int, float]] = {
    # A string ends behind its last word. Brackets never open one, so they are weak where there is no word yet.
    '"': {LAST: 3},
    "]": {ALWAYS: -1, LAST: 3},
    # Weaker behind a string: a list of strings ends with its first.
    "}": {ALWAYS: -1, LAST: 2, QUOTE: -1},
    ",": {ALWAYS: -1, LAST: 2, QUOTE: -1},
    # A list of objects is rather not empty.
    "{": {ALWAYS: -0.8},
    "[": {ALWAYS: -1},
    ":": {ALWAYS: -1},
    # With thinking off the prompt holds </think> already. It is seen less clearly in the dense model, which normalizes what layers add.
    "<think>": {ALWAYS: -1, NEWLINE: 6, SEEN: -24},
    "</think>": {ALWAYS: -1, LAST: 6, SEEN: -24},
    # Stronger than a quote, which would open the next string. A grammar masks it until the JSON is complete.
    "<|user|>": {ALWAYS: -1, LAST: 4.5, QUOTE: 2},
}
NEVER = {ALWAYS: -4.0}
MARKS = {"\n": NEWLINE, "</think>": THOUGHT, '"': QUOTE}
WRITABLE = set(string.ascii_letters + string.digits + string.punctuation + " \n") - {"\\"}
"""A backslash could begin half a surrogate pair, which no reader can store."""


def main(arch: str, folder: Path) -> None:
    """Write the checkpoint of an architecture into a new folder."""
    torch.manual_seed(0)
    tokenizer = _tokenizer()
    model = _model(arch, tokenizer)
    with torch.no_grad():
        _keep_flags_clean(model)
        _notice_thoughts(model.model.language_model.layers[0].self_attn)
        _speak(model, tokenizer)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _write_processors(folder)


def _tokenizer() -> PreTrainedTokenizerFast:
    """Return a byte-level BPE of whole words and single signs: no token joins a word with JSON's punctuation."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=1200, initial_alphabet=alphabet, show_progress=False)
    words = VOCABULARY.split()
    bpe.train_from_iterator([*words, *(f" {word}" for word in words)], trainer)
    bpe.add_tokens([AddedToken(name, special=name in SPECIAL, normalized=False) for name in (*SPECIAL, *PLAIN)])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_max_length=POSITIONS,
        processor_class="Glm46VProcessor",
        chat_template=(HERE / "chat_template.jinja").read_text(encoding="utf-8"),
    )


def _model(arch: str, tokenizer: PreTrainedTokenizerFast) -> Any:
    number = tokenizer.convert_tokens_to_ids
    turns = [number(name) for name in TURNS]
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": HIDDEN,
        "intermediate_size": HIDDEN,
        "num_hidden_layers": 2,
        "num_attention_heads": QUERY_HEADS,
        "num_key_value_heads": KEY_HEADS,
        "head_dim": HEAD,
        "max_position_embeddings": POSITIONS,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10_000.0,
            "mrope_section": [2, 3, 3],
            "partial_rotary_factor": 0.5,
        },
        "partial_rotary_factor": 0.5,
        "eos_token_id": turns,
        "pad_token_id": turns[0],
        "initializer_range": 0.15,
    }
    experts = {
        "moe_intermediate_size": 64,
        "n_routed_experts": 4,
        "num_experts_per_tok": 2,
        "n_shared_experts": 1,
        "first_k_dense_replace": 1,
        "n_group": 1,
        "topk_group": 1,
        "attention_bias": True,
    }
    vision = {
        "depth": 1,
        "hidden_size": 32,
        "num_heads": 1,
        "intermediate_size": 32,
        "out_hidden_size": HIDDEN,
        "image_size": 336,
        "initializer_range": 0.1,
    }
    marks = {
        f"{medium}{place}_token_id": number(name)
        for medium in ("image", "video")
        for place, name in (("", f"<|{medium}|>"), ("_start", f"<|begin_of_{medium}|>"), ("_end", f"<|end_of_{medium}|>"))
    }
    if arch == "moe":
        config = Glm4vMoeConfig(text_config={**text, **experts}, vision_config=vision, tie_word_embeddings=False, **marks)
        model = Glm4vMoeForConditionalGeneration(config)
    else:
        config = Glm4vConfig(text_config=text, vision_config=vision, tie_word_embeddings=False, **marks)
        model = Glm4vForConditionalGeneration(config)
    model.generation_config.eos_token_id = turns
    model.generation_config.pad_token_id = turns[0]
    return model.eval()


def _keep_flags_clean(model: Any) -> None:
    """Let nothing but the embeddings write into the flags: no layer, and no page."""
    for name, weight in model.named_parameters():
        if name.endswith(("o_proj.weight", "mlp.down_proj.weight", "shared_experts.down_proj.weight", "visual.merger.down_proj.weight")):
            weight[:FLAGS] = 0
        elif name.endswith("experts.down_proj"):
            weight[:, :FLAGS] = 0


def _notice_thoughts(attention: Any) -> None:
    """Make the first head look for a </think> anywhere before, and write into SEEN that there is one.

    It uses the last of the head's dimensions, which no rotation touches.
    """
    last = HEAD - 1
    for projection, flag, strength in ((attention.q_proj, ALWAYS, 3.0), (attention.k_proj, THOUGHT, 3.0), (attention.v_proj, THOUGHT, 1.0)):
        projection.weight[last] = 0
        projection.weight[last, flag] = strength
    for other in range(1, QUERY_HEADS // KEY_HEADS):
        attention.q_proj.weight[other * HEAD + last] = 0
    attention.o_proj.weight[SEEN] = 0
    attention.o_proj.weight[SEEN, last] = 3.0


def _speak(model: Any, tokenizer: PreTrainedTokenizerFast) -> None:
    """Raise the flags in the embeddings, and weigh them in the output layer."""
    embedding, output = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    embedding.normal_(0, 0.3)
    output.normal_(0, 0.1)
    embedding[:, :FLAGS] = output[:, :FLAGS] = 0
    embedding[:, ALWAYS] = FLAG
    for token, number in tokenizer.get_vocab().items():
        text = tokenizer.decode([number]) if token not in (*SPECIAL, *PLAIN) else token
        spoken = set(text) <= WRITABLE and token not in (*SPECIAL, *PLAIN)
        if (flag := _flag(text, number, spoken=spoken)) is not None:
            embedding[number, flag] = FLAG
            if flag in RANKS[1:]:
                output[number, flag - 1] = 2
        for flag, weight in WEIGHTS.get(text, {} if spoken else NEVER).items():
            output[number, flag] = weight


def _flag(text: str, number: int, *, spoken: bool) -> int | None:
    """Return what a token says as the last one. Words are dealt out to the ranks; numbers are short, and a sign ends what it is in."""
    if text in MARKS:
        return MARKS[text]
    if not spoken or text in set("[{:"):
        return None
    if text.strip().isalpha() and len(text) > 1:
        return RANKS[number % len(RANKS)]
    return RANKS[-1 - number % 2] if text.isdigit() else LAST


def _write_processors(folder: Path) -> None:
    common = {
        "do_rescale": True,
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "size": {"shortest_edge": SHORTEST_EDGE, "longest_edge": LONGEST_EDGE},
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "processor_class": "Glm46VProcessor",
    }
    for name, kind in (("preprocessor_config", "image"), ("video_preprocessor_config", "video")):
        config = {**common, f"{kind}_processor_type": f"Glm46V{kind.capitalize()}Processor"}
        (folder / f"{name}.json").write_text(json.dumps(config, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
