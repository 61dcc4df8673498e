"""Where our verdicts differ from a reference grader's on purpose: the rows of docs/grading.md, as questions to a pair."""

import re
import unicodedata
from itertools import accumulate

_FUNCTIONS = re.compile(
    r"sqrt|frac|dfrac|tfrac|cdot|times|left|right|text|mathrm|pi|infty|sin|cos|tan|log|ln|exp|abs|boxed"
)

_ARITHMETIC = re.compile(r"[+*/^(]|\S[^\S\n]*-|sqrt|frac|cdot|times")


def documented(prediction: str, gold: str, rules: str) -> str:
    """The row that covers a difference on this pair.

    Args:
        prediction: What was graded.
        gold: The reference.
        rules: "prm800k" or "lenient".

    Returns:
        The row in a word; empty where none covers it.
    """
    rows = _strict_rows(prediction, gold) if rules == "prm800k" else _lenient_rows(prediction, gold)
    return next((name for name, covers in rows.items() if covers), "")


def _strict_rows(prediction: str, gold: str) -> dict[str, bool]:
    """ "Where we differ from that grader, on purpose"."""
    both = f"{prediction}\n{gold}"
    return {
        "long": max(len(prediction), len(gold)) > 2_000
        or _tokens(both) > 400
        or re.search(r"\d{60}", both) is not None,
        "beyond_2_53": re.search(r"\d[\d,]{15}", both) is not None,
        "decimals": re.search(r"\.\d", both) is not None and _ARITHMETIC.search(both) is not None,
        "factorial": re.search(r"[a-zA-Z]\s*\(.*\)\s*!", both) is not None,
        "words": re.search(r"[a-zA-Z]{2,}", _FUNCTIONS.sub(" ", both)) is not None,
    }


def _lenient_rows(prediction: str, gold: str) -> dict[str, bool]:
    """ "Refused without asking", and what is read otherwise than by the library."""
    both = f"{prediction}\n{gold}"
    kinds = {unicodedata.category(character) for character in set(both) - set("\n\t\r\f")}
    return {
        "long": max(len(prediction), len(gold)) > 500,
        "control": not {"Cc", "Cs", "Co", "Cf"}.isdisjoint(kinds),
        "explosive": re.search(r"\d{400}|[a-zA-Z]{80}|\d{5}\s*!|!\s*!\s*!|\^\s*\{?\s*\d+\s*!", both) is not None,
        "powers": re.search(r"(?:\^|\*\*)[\s{(]*(?:\d{6}|\d+[\s{(]*(?:\^|\*\*))", both) is not None,
        "deep": max(accumulate(1 if bracket in "{(" else -1 for bracket in re.findall("[{}()]", both)), default=0) > 40,
        "double_subscript": "__" in both,
        "degree_sign": re.search("[\u00b0\u00ba\u02da]", both) is not None,
        "blanks": re.sub(r"[\s$]", "", prediction) == re.sub(r"[\s$]", "", gold),
    }


def _tokens(text: str) -> int:
    return len(re.findall(r"\d+|[a-zA-Z]+|\S", text))
