from zester_modules.catalogue import Catalogue, build, help_text
from zester_modules.registry import Registry
from zester_proto import codec


def test_every_built_in_function_and_parameter_has_its_help():
    found = build(Registry())
    names = [one.name for one in found.functions]
    assert names == sorted(names)
    assert {"test.ping", "cmd.run", "facts.set", "sys.catalogue"} <= set(names)
    for one in found.functions:
        assert one.summary.endswith("."), one.name
        assert all(parameter.help for parameter in one.parameters), one.name
    assert found.broken == ()


def test_a_catalogue_travels_and_its_digest_is_that_of_its_content():
    found = build(Registry())
    again = codec.decode(codec.encode(found), Catalogue)
    assert again.digest() == found.digest() == build(Registry()).digest()
    assert codec.pack(found) == codec.pack(codec.unpack(codec.pack(found)))


def test_a_parameter_says_how_it_is_given():
    (run,) = [one for one in build(Registry()).functions if one.name == "cmd.run"]
    shapes = {one.name: (one.shape, one.type, one.required) for one in run.parameters}
    assert shapes["command"] == ("word", "text", True)
    assert shapes["arguments"] == ("words", "text", False)
    assert shapes["timeout"] == ("key", "duration", False)
    assert shapes["env"] == ("key", "map of text", False)
    assert (run.runs, run.reads, run.dry) == ("command", False, True)


def test_help_is_written_for_people():
    (sleep,) = [one for one in build(Registry()).functions if one.name == "test.sleep"]
    assert help_text(sleep) == (
        "test.sleep SECONDS\n\n"
        "Do nothing for a while, in a worker, and answer how long that was asked to be.\n\n"
        "  seconds (duration): how long."
    )
