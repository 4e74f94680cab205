from zester_modules.docstring import read_doc


def test_a_docstring_is_taken_apart():
    doc = read_doc(
        """Do a thing
        on two lines.

        Text of it,
        with a colon: here.

        More.

        Args:
            first: what it is,
                on two lines.
            *rest: more: of it.

        Returns:
            Nothing.

        After all.
        """
    )
    assert doc.summary == "Do a thing on two lines."
    assert doc.text == "Text of it,\nwith a colon: here.\n\nMore.\n\nAfter all."
    assert doc.arguments == {"first": "what it is, on two lines.", "rest": "more: of it."}


def test_no_docstring_is_an_empty_one():
    doc = read_doc(None)
    assert (doc.summary, doc.text, doc.arguments) == ("", "", {})
