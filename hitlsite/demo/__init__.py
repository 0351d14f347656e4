"""The living example: handwritten digits, a small model, people, open work, and its removal.

It lies in hitlsite because it composes all the apps and is none of them: it sends over HTTP as a
pipeline would, reviews through the services as people would, and nothing imports it but the command
`manage.py demo`. What it may not do by itself, an act of governance does (services.examples).
"""
