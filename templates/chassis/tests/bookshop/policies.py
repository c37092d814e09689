"""Rules beyond roles: what is dear, what is one's own, when the shop counts its stock."""

from __future__ import annotations

from cloudsync_chassis.security.policies import Policy, PolicyTable

DEAR = 9_000_000

POLICIES = PolicyTable(
    rules=(
        Policy(
            id="dear-needs-second-factor",
            effect="forbid",
            language="cedar",
            condition=f"""
                forbid(principal, action, resource)
                when {{ resource has priceMinor && resource.priceMinor > {DEAR} }}
                unless {{ context.mfaAgeMinutes <= 5 || principal in Role::"clerk" }};
            """,
            permissions=frozenset({"book:read"}),
            reads=frozenset({"resource.priceMinor", "context.mfaAgeMinutes"}),
        ),
        Policy(
            id="nobody-sells-dear-to-oneself",
            effect="forbid",
            language="cel",
            condition=(
                f"request.operation == 'sell-book' && resource.priceMinor > {DEAR}"
                " && resource.sellerId == principal.id"
            ),
            resources=frozenset({"book"}),
            apart=frozenset({"all-loans", "list-loans"}),
            roles=frozenset({"clerk"}),
            reads=frozenset({"resource.priceMinor", "resource.sellerId", "principal.id"}),
        ),
        Policy(
            id="no-removal-while-counting",
            effect="forbid",
            language="cel",
            condition="request.operation == 'remove-book' && context.counting",
            permissions=frozenset({"book:list"}),
            reads=frozenset({"context.counting"}),
        ),
        Policy(
            id="visitors-reserve-on-the-spot",
            effect="permit",
            language="cedar",
            condition="""
                permit(principal in Role::"visitor", action == Action::"book:reserve", resource)
                when { context.onTheSpot };
            """,
            permissions=frozenset({"book:reserve"}),
            roles=frozenset({"visitor"}),
            reads=frozenset({"context.onTheSpot"}),
        ),
    ),
    subjects={
        "list-book": "book",
        "get-book": "book",
        "find-books": "book",
        "change-book": "book",
        "reserve-book": "book",
        "sell-book": "book",
        "remove-book": "book",
    },
    inherits={"head": frozenset({"clerk"})},
)
