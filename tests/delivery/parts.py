"""Makes the parts of a Mockstore without threads, with a virtual clock."""

from mockstore.parts import Options, Parts, in_process_parts, provider_with


def still_parts() -> Parts:
    return in_process_parts(
        provider_with(None),
        seed=0,
        clock="virtual",
        start=None,
        factory=None,
        signature_time="virtual",
        options=Options(),
    )
