"""JSON in texts."""

from authwhy.evidence.documents import documents_in

SEEDS = (
    'error {"a": {"b": [1, 2.5, null, true]}, "c": "\\u00e9\\n"} and [{"d": 2}] and x[0] {not json}',
    '{"keys":[{"kty":"oct","k":"AAAA"}]}',
)


def check(text: str) -> None:
    """Documents do not overlap."""
    end = 0
    for document in documents_in(text):
        assert end <= document.start < document.end <= len(text)
        end = document.end
