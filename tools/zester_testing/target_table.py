"""One peel, and expressions that mean it or do not: what both evaluators must say."""

from typing import Any

FACTS: dict[str, Any] = {
    "os": "Debian",
    "os_version": "12.10",
    "cpu": {"count": 8, "flags": ["sse", "avx2"], "load": 0.5, "smt": True},
    "roles": ["web", "Nginx"],
    "disks": [{"dev": "sda", "gb": 40}, {"dev": "sdb", "gb": 2000}],
    "site": {"name": "ams", "rack": {"row": "a", "unit": 1}},
    "nested": [["quiet", None], ["console", "ttyS0"]],
    "empty": {},
    "nothing": [],
    "note": "",
    "null": None,
    "motto": "Blue sky (R)",
    "vip": "2001:db8::100",
    "cost:centre": "cc-1",
    "nums": [2.5, 7],
    "versions": ["2.9"],
    "ipv4": ["127.0.0.1", "10.1.2.3"],
    "ipv6": "fe80::1%eth0",
}
SETTINGS: dict[str, Any] = {"env": "prod", "app": {"version": "2.1.0"}}

YES: list[str] = [
    "*", "web-1", "web-*", "db,web-?", "w[a-f]b-[!2]", "L@db-1,web-1", "R@web-[1-3]", r"E@web-\d",
    r"E@(web|db)",
    # values: without regard to case, a list by its members, numbers and booleans as text
    "G@os:debian", "G@os:DEB*", "G@os:d?bian", "G@roles:nginx", "G@cpu:count:8", "G@cpu:load:0.5",
    "G@cpu:smt:true", "G@null:none", "G@note:", 'G@motto:"blue sky (r)"', "G@motto:blue?sky*",
    # paths: maps, positions, members of lists, a star for a level or none
    "G@site:rack:row:a", "G@disks:0:dev:sda", "G@disks:-1:dev:sdb", "G@disks:dev:sdb",
    "G@disks:gb:2000", "G@disks:*:sda", "G@disks:*:dev:sda", "G@nums:2.5", "G@nested:quiet",
    "G@nested:1:0:console", "G@site:*:row:a",
    "G@site:*:name:ams", "G@*:name", "G@*:web", "G@*:debian", "G@*:*:row:a", "G@cpu:flags:avx*",
    # values with the delimiter in them; the last word may be a key
    "G@vip:2001:db8::100", "G@vip:2001:*", "G@site:rack", "G@site:ra*", "G@site:RACK", "G@disks:gb",
    "G/@site/rack/row/a", 'G@"cost:centre":cc-1', "G|@cost:centre|cc-*", "G@site:*", "G@roles:*",
    # regular expressions
    "P@os:^deb", "P@os:(Debian|Ubuntu)", "P@roles:ng.nx$", "P@cpu:count:^\\d$", "P@vip:^2001:.*100",
    "P@site:r.ck", "P@vip:(?:2001|fe80):db8",
    # comparisons
    "G@cpu:count:>=8", "G@cpu:count:<9.5", "G@cpu:load:>0.25", "G@cpu:load:<=0.50",
    "G@os_version:>12.9", "G@os_version:<13", "G@os_version:>=12.10.0", "G@disks:gb:>1000",
    "G@disks:0:gb:<41", "G@os:!=ubuntu", "G@cpu:count:!=8.5", "G@roles:!=db", "G@nothing:!=x",
    "G@null:!=x", "G@note:!=x", "G@os:!=ubu*", "G@cpu:smt:!=false", "G@nums:<2.10.1",
    "G@nums:>2.10", "G@versions:<2.10",
    "S@10.0.0.0/8", "S@10.1.2.3", "S@fe80::/10", "S@0.0.0.0/0",
    "I@env:prod", r"J@app:version:2\.1", "I@app:version:>=2.0.9",
    "not db-1", "web-1 and G@os:debian", "db-1 or G@os:debian", "not not web-1", "web-1 not db-1",
    "N@web", "not G@nope:x", "not G@nope:!=x",
]  # fmt: skip
NO: list[str] = [
    "WEB-1", "web", "db,ap*", "web-[!1]", "L@web-*", "L@db-1", "R@web-[01-03]", "E@eb", "E@WEB",
    "G@os:deb", "G@OS:debian", "G@roles:web,nginx", "G@roles:we", "G@cpu:count:8.0", "G@cpu:smt:1",
    "G@note:?", "G@site:ams", "G@site:rack:a", "G@disks:2:dev:sda", "G@disks:0:dev:sdb",
    "G@roles:*:web", "G@cost:centre:cc-1", "G@site/rack:x", "G@:x", "G@empty:*", "G@nothing:*",
    "G@nope:*", "G@rack:row:a", "G@*:ams", "G@*:row",
    "P@os:bian", "P@nope:.*", "P@cpu:count:^\\d\\d",
    "G@cpu:count:>8", "G@cpu:count:!=8.0", "G@os_version:<12.9", "G@os:>1",
    "G@os:!=debian", "G@os:!=d*", "G@roles:!=web", "G@nope:!=x", "G@nope:>0", "G@nope:<0",
    "G@site:!=x", "G@empty:!=x", "G@os_version:!=12.10.0", "G@cpu:smt:>0", "G@null:<1",
    "G@cpu:smt:!=true", "G@nums:<2.10", "G@versions:>2.10", "G@nums:!=7.0", "G@site:rack:>0",
    "S@10.2.0.0/16", "S@::1", "S@fe80::2",
    "I@env:staging", "I@os:debian", "J@env:dev", "I@nope:!=x",
    "not web-1", "web-1 and db-1", "db-1 or db-2", "not N@web",
]  # fmt: skip
