"""Shell words."""

from authwhy.evidence.shell_words import quoted, word_at, words_at

SEEDS = (
    "curl 'https://a.example/x?y=1' -H $'a: b\\'c' \\\n  --data-raw $'{\"a\":\"\\u0021\"}' | jq . > x",
    'curl ^"https://a.example^" ^\n  -H ^"a: b^" --data-raw ^"^{^\\^"a^\\^":1^}^"',
    'a\\ b "c\\"d$e" \'f\'"g"h; i && j',
)


def check(text: str) -> None:
    """Words lie in the text, in order; a word that is quoted again reads the same."""
    end = 0
    for word in words_at(text, 0):
        assert end <= word.start < word.end <= len(text)
        end = word.end
        again = word_at(quoted(word.value, "'"), 0)
        assert again is None or again.value == word.value or "^" in word.value or "\n" in word.value
