"""Why no host fits: placement's facts as sentences."""

from kumoi.services.compute.shortfalls import DISABLED, reasons, summary
from kumoi.services.placement.facade import Lack, Shortfall

SHORT = [
    Shortfall("host-1", [Lack("MEMORY_MB", 392, 120, 8120)], [DISABLED], []),
    Shortfall("host-2", [Lack("MEMORY_MB", 100, 412, 512), Lack("VCPU", 1, 3, 4)], [], ["HW_CPU_X86_AVX2"]),
    Shortfall("host-3", [Lack("VCPU", 0, 9, 9, "VCPU: 3 is no multiple of 2"), Lack("DISK_GB", 20, 0, None)], ["X"], []),
]  # fmt: skip


def test_each_host_has_its_reasons() -> None:
    assert [reasons(each) for each in SHORT] == [
        ["disabled, or it does not answer", "392 MiB of memory short (120 free of 8120)"],
        [
            "lacks the trait HW_CPU_X86_AVX2", "100 MiB of memory short (412 free of 512)",
            "1 vCPU short (3 free of 4)",
        ],
        ["has the trait X", "VCPU: 3 is no multiple of 2", "DISK_GB: has none"],
    ]  # fmt: skip


def test_the_summary_names_no_host() -> None:
    assert summary(SHORT) == [
        "2 of 3 hosts: at least 100 MiB of memory short", "1 of 3 hosts: at least 1 vCPU short",
        "1 of 3 hosts: at least 20 GiB of disk short", "1 of 3 hosts: disabled, or it does not answer",
        "1 of 3 hosts: lacks the trait HW_CPU_X86_AVX2", "1 of 3 hosts: has the trait X",
    ]  # fmt: skip
    assert summary(SHORT[:1])[0] == "the only host: at least 392 MiB of memory short"
    assert summary([SHORT[0]] * 2)[0] == "all 2 hosts: at least 392 MiB of memory short"
