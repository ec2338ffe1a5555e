// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "plan_draw.h"

#include <string.h>

#define GLYPH 6.6 // width of a letter at 12 px, a little above the mean of common fonts
#define LINE_HEIGHT 15
#define LINES_MAX 12 // of one wrapped text

static const struct {
	const char *attributes;
	double scale; // of GLYPH
} styles[] = {
	[DRAW_PLAIN] = {"fill=\"#212529\"", 1},
	[DRAW_BOLD] = {"fill=\"#212529\" font-weight=\"bold\"", 1.08},
	[DRAW_DIM] = {"fill=\"#868e96\"", 1},
	[DRAW_TITLE] = {"fill=\"#212529\" font-weight=\"bold\" font-size=\"17\"", 1.5},
	[DRAW_RED] = {"fill=\"#c92a2a\"", 1},
	[DRAW_BOLD_RED] = {"fill=\"#c92a2a\" font-weight=\"bold\"", 1.08},
};

// Letters of UTF-8, not bytes.
static size_t letters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

double draw_width(const char *text)
{
	return (double)letters(text) * GLYPH;
}

// At most @p max letters. What XML cannot hold becomes '?'.
static void put_text(FILE *out, const char *text, size_t max)
{
	for (size_t n = 0; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c & 0xc0) != 0x80 && n++ == max)
			return;
		if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '&')
			fputs("&amp;", out);
		else
			fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
	}
}

void draw_begin(FILE *out, double width, double height, const char *title)
{
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		"viewBox=\"0 0 %.0f %.0f\" font-family=\"DejaVu Sans, Helvetica, Arial, "
		"sans-serif\" font-size=\"12\">\n<title>",
		width, height, width, height);
	put_text(out, title, 200);
	fprintf(out, "</title>\n<rect width=\"%.0f\" height=\"%.0f\" fill=\"#f1f3f5\"/>\n", width,
		height);
}

void draw_end(FILE *out)
{
	fputs("</svg>\n", out);
}

void draw_box(FILE *out, double x, double y, double w, double h, const char *fill, const char *line)
{
	fprintf(out,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"4\" fill=\"%s\" "
		"stroke=\"%s\"/>\n",
		x, y, w, h, fill, line);
}

void draw_frame(FILE *out, double x, double y, double w, double h, const char *line)
{
	draw_box(out, x, y, w, h, "none", line);
}

void draw_line(FILE *out, double x1, double y1, double x2, double y2, const char *colour)
{
	fprintf(out,
		"<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
		"stroke-width=\"2\"/>\n",
		x1, y1, x2, y2, colour);
}

void draw_dot(FILE *out, double x, double y, const char *colour)
{
	fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>\n", x, y, colour);
}

static void put(FILE *out, double x, double y, const char *anchor, enum draw_style style,
	const char *text, size_t max)
{
	size_t n = letters(text);

	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\"%s %s>", x, y, anchor, styles[style].attributes);
	put_text(out, text, n > max && max > 1 ? max - 1 : max);
	fputs(n > max ? "…</text>\n" : "</text>\n", out);
}

void draw_text(FILE *out, double x, double y, double w, enum draw_style style, const char *text)
{
	double fit = w / (GLYPH * styles[style].scale);

	if (text[0] != '\0')
		put(out, x, y, "", style, text, fit > 1 ? (size_t)fit : 1);
}

void draw_text_end(FILE *out, double x, double y, enum draw_style style, const char *text)
{
	put(out, x, y, " text-anchor=\"end\"", style, text, 1000);
}

double draw_wrapped(
	FILE *out, double x, double y, double w, enum draw_style style, const char *text)
{
	size_t fit = (size_t)(w / (GLYPH * styles[style].scale));
	double at = y;

	for (int lines = 0; *text != '\0' && lines < LINES_MAX; lines++, at += LINE_HEIGHT) {
		size_t len = strlen(text), cut = len;
		char line[256];

		if (fit >= sizeof(line))
			fit = sizeof(line) - 1;
		if (len > fit) {
			for (cut = fit; cut > fit / 2 && text[cut] != ' '; cut--)
				;
			// A word longer than the line is cut, but not within a letter.
			while (cut > 1 && ((unsigned char)text[cut] & 0xc0) == 0x80)
				cut--;
		}
		memcpy(line, text, cut);
		line[cut] = '\0';
		put(out, x, at, "", style, line, sizeof(line));
		text += cut;
		while (*text == ' ')
			text++;
	}
	return at - y;
}
