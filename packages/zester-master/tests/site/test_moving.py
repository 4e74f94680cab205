from zester_master.site.moving import set_nats_url
from zester_testing.site import Site


def test_a_new_address_reaches_the_master_and_every_operator(site: Site):
    set_nats_url(site.paths, "tls://new.example:4222")

    assert site.master.commons.record.nats_url == "tls://new.example:4222"
    texts = [path.read_text() for path in site.paths.operators.glob("*/operator.yaml")]
    assert len(texts) == 3
    assert all('nats_url: "tls://new.example:4222"' in text for text in texts)
    assert any('name: "vera"' in text for text in texts)
