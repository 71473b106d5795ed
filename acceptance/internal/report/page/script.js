"use strict";
(() => {
	const all = (selector, from = document) => [...from.querySelectorAll(selector)];
	const one = (id) => document.getElementById(id);
	const scenarios = all(".scenario");
	const features = all(".feature");
	const chips = all(".chip");
	const search = one("search");
	const tag = one("tag");

	// Filters. A scenario matches if it has a pressed status (or none is pressed), the selected tag and all search words.
	const filter = () => {
		const statuses = chips.filter((chip) => chip.ariaPressed === "true").map((chip) => chip.dataset.status);
		const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
		const wanted = tag ? tag.value : "";
		const filtered = statuses.length > 0 || words.length > 0 || wanted !== "";
		let shown = 0;
		for (const scenario of scenarios) {
			const data = scenario.dataset;
			const matches = (statuses.length === 0 || statuses.includes(data.status))
				&& (wanted === "" || data.tags.split(" ").includes(wanted))
				&& words.every((word) => data.search.includes(word));
			scenario.hidden = !matches;
			shown += matches;
		}
		for (const feature of features) {
			feature.hidden = filtered && !feature.querySelector(".scenario:not([hidden])");
			if (filtered && !feature.hidden) feature.open = true;
		}
		one("nothing").hidden = shown > 0 || scenarios.length === 0;
		one("shown").hidden = !filtered;
		one("shown").textContent = `${shown} of ${scenarios.length} scenarios shown`;
	};
	const showAll = () => {
		for (const chip of chips) chip.ariaPressed = "false";
		if (tag) tag.value = "";
		search.value = "";
		filter();
	};
	for (const chip of chips) {
		chip.addEventListener("click", () => {
			chip.ariaPressed = chip.ariaPressed === "true" ? "false" : "true";
			filter();
		});
	}
	search.addEventListener("input", filter);
	if (tag) tag.addEventListener("change", filter);
	one("reset").addEventListener("click", showAll);

	// Links. The target of the URL fragment is shown and expanded, with all elements that contain it.
	const reveal = (element) => {
		if (element.closest("[hidden]")) showAll();
		for (let e = element; e; e = e.parentElement) if (e.localName === "details") e.open = true;
		element.scrollIntoView({ block: "start" });
		const summary = element.querySelector("summary");
		if (summary) summary.focus({ preventScroll: true });
	};
	const follow = () => {
		const element = one(decodeURIComponent(location.hash.slice(1)));
		if (element) reveal(element);
	};
	addEventListener("hashchange", follow);

	const expand = one("expand");
	expand.addEventListener("click", () => {
		const open = expand.textContent === "Expand all";
		for (const details of all("main details")) if (!details.hidden) details.open = open;
		expand.textContent = open ? "Collapse all" : "Expand all";
	});

	// Moves to the next or previous failure from the focused one.
	const step = (by) => {
		const bad = scenarios.filter((scenario) => "bad" in scenario.dataset && !scenario.hidden);
		if (bad.length === 0) return;
		const at = bad.indexOf(document.activeElement && document.activeElement.closest(".scenario"));
		reveal(bad[at < 0 ? (by > 0 ? 0 : bad.length - 1) : (at + by + bad.length) % bad.length]);
	};
	addEventListener("keydown", (event) => {
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		if (event.key === "Escape") return showAll();
		if (event.target.matches("input, select")) return;
		if (event.key === "/") {
			event.preventDefault();
			search.focus();
		}
		if (event.key === "n") step(1);
		if (event.key === "p") step(-1);
	});

	document.addEventListener("click", (event) => {
		const button = event.target.closest(".copy");
		if (!button) return;
		const pre = button.parentElement.querySelector("pre");
		const done = () => {
			button.textContent = "Copied";
			setTimeout(() => { button.textContent = "Copy"; }, 1500);
		};
		const select = () => getSelection().selectAllChildren(pre); // if clipboard access is denied
		navigator.clipboard ? navigator.clipboard.writeText(pre.textContent).then(done, select) : select();
	});

	// Colors of the system or as chosen here. The choice is stored if the browser permits it for files.
	const themes = { "": "System", light: "Light", dark: "Dark" };
	const theme = one("theme");
	const setTheme = (name) => {
		if (name) document.documentElement.dataset.theme = name;
		else delete document.documentElement.dataset.theme;
		theme.textContent = `◐ ${themes[name]}`;
		theme.ariaLabel = `Colors: ${themes[name]}`;
	};
	let chosen = "";
	try { chosen = localStorage.getItem("report-theme") || ""; } catch { /* not permitted */ }
	setTheme(chosen in themes ? chosen : "");
	theme.addEventListener("click", () => {
		const names = Object.keys(themes);
		const next = names[(names.indexOf(document.documentElement.dataset.theme || "") + 1) % names.length];
		setTheme(next);
		try { localStorage.setItem("report-theme", next); } catch { /* not permitted */ }
	});

	if (location.hash) follow();
})();
