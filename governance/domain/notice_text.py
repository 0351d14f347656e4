"""What reviewers are told where nobody has written another text: what is really recorded."""

_WRITTEN = """
What is recorded: each item that you take, and when; each answer with its reasons, its checklist
and how sure you said you were; what lay open beside it (the guideline, the glossary, why it is
here, its clocks, the rest of the input); each answer that you took back; your notes; and what you
skip, decline, escalate or challenge. It is kept under your name as you gave it, nobody can edit
it, and those who lead, audit or administer can read it.

What is worked out from it: how many items you decided; how long you took; how often your answer
was the outcome, where others had a part in it; how often a correction of yours was right; and how
often you accepted what turned out wrong. On some items you answer before you see what the model
said. That shows how much the model sways reviewers, and it is worked out for all of you together.

What is not done: nobody is ranked, and no list is sorted by any of these figures. A figure that
rests on fewer than 30 cases is not shown. No camera is used, no keys and no mouse are recorded,
and nothing is inferred about what you feel.

Who sees the figures: you, at any time, on your page. Those who lead your pipelines or audit them
see a case in your figures 7 days after you do, and see no figure of yours before you have read
this.

If a figure is wrong: dispute it on your page, and say why. Until that is answered nobody else is
shown that figure. Somebody who leads, and who is not you, answers; both stay on record.
"""
BUILT_IN = "\n\n".join(" ".join(part.split()) for part in _WRITTEN.strip().split("\n\n"))
