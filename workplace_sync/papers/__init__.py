"""What is written for people to read on paper or screen: statements as text, HTML and PDF, with charts as SVG."""
