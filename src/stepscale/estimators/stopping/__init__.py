"""Rules that say when to stop sampling a problem, over recorded samples and at work: the baselines of the online policy.

``prefixes`` says what the first n samples tell, ``rule`` what a rule is, ``replay`` what it reaches and draws. One file per rule:
``adaptive_consistency``, ``confidence_posterior``, ``doubling``, ``instance_adaptive``, ``risk_control``.
"""
