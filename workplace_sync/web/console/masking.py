"""Members' addresses for those who need not see them: enough to recognise somebody known, too little to find a stranger."""


def mask_address(address: str) -> str:
    """Return the address with all but the first letter in front of the @ left out: "a…@bt.example.org".

    What is no address, such as the number of an account, loses all but its first character.
    """
    local, at, domain = address.partition("@")
    return f"{local[:1]}…{at}{domain}" if local else ""


def mask_name(name: str) -> str:
    """Return a person's name as its initials: "A. K."."""
    return " ".join(f"{word[:1]}." for word in name.split())
