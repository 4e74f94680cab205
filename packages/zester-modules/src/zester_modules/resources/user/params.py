"""Arguments of user.present."""

from typing import Annotated

import msgspec
from msgspec import Meta

Names = list[str] | None
Text = str | None
Days = int | None


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have an account; what is not given is left as it is, or as the host makes new ones."""

    name: Annotated[str, Meta(description="the user")]
    uid: Annotated[int | None, Meta(description="the number; without it a free one")] = None
    gid: Annotated[int | str | None, Meta(description="the primary group, by number or name")] = (
        None
    )
    usergroup: Annotated[
        bool | None, Meta(description="a new user gets a group of its own; else as the host does")
    ] = None
    gid_from_name: Annotated[
        bool, Meta(description="the primary group is the one of the user's name")
    ] = False
    groups: Annotated[Names, Meta(description="further groups; each must be there")] = None
    optional_groups: Annotated[
        Names, Meta(description="further groups, those of them that are there")
    ] = None
    remove_groups: Annotated[bool, Meta(description="it is in no other groups")] = True
    home: Annotated[Text, Meta(description="the home")] = None
    createhome: Annotated[bool, Meta(description="make the home where it is missing")] = True
    persist_home: Annotated[bool, Meta(description="take the old home along")] = False
    password: Annotated[Text, Meta(description="the hash, or with hash_password the password")] = (
        None
    )
    hash_password: Annotated[bool, Meta(description="the password is in clear: hash it")] = False
    enforce_password: Annotated[
        bool, Meta(description="put it back when somebody has changed it")
    ] = True
    empty_password: Annotated[bool, Meta(description="no password is asked for")] = False
    password_lock: Annotated[bool | None, Meta(description="whether the password is locked")] = None
    shell: Annotated[Text, Meta(description="the login shell")] = None
    unique: Annotated[bool, Meta(description="no other user may have the number")] = True
    system: Annotated[bool, Meta(description="take numbers from those of the system")] = False
    fullname: Annotated[Text, Meta(description="the whole name")] = None
    roomnumber: Annotated[Text, Meta(description="the room")] = None
    workphone: Annotated[Text, Meta(description="the telephone at work")] = None
    homephone: Annotated[Text, Meta(description="the telephone at home")] = None
    other: Annotated[Text, Meta(description="what else the comment field says")] = None
    date: Annotated[
        Days, Meta(description="the last change of the password, in days since 1970")
    ] = None
    mindays: Annotated[Days, Meta(description="days that a password is kept at least")] = None
    maxdays: Annotated[Days, Meta(description="days that a password is good for")] = None
    warndays: Annotated[Days, Meta(description="days of warning before that")] = None
    inactdays: Annotated[Days, Meta(description="days after that until the account is shut")] = None
    expire: Annotated[
        int | str | None,
        Meta(description="when the account ends: days since 1970, or 2030-12-31; -1 is never"),
    ] = None
    nologinit: Annotated[bool, Meta(description="keep a new user out of lastlog")] = False
    allow_uid_change: Annotated[bool, Meta(description="the number may be changed")] = False
    allow_gid_change: Annotated[bool, Meta(description="the primary group may be changed")] = False


RETIRES = (
    "loginclass", "win_homedrive", "win_profile", "win_logonscript", "win_description", "local",
)  # fmt: skip
