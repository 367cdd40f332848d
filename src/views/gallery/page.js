/**
 * What the gallery page does: choose a molecule, show it in the one 3D viewer, filter, download, and play the
 * denoising of one molecule. Runs in the page as a plain script after 3Dmol.js; its data is the JSON in #data
 * (`Payload` in gallery.ts). Without WebGL the drawings take the place of the viewer.
 */
(() => {
  const byId = (id) => document.getElementById(id);
  const { molecules, chain } = JSON.parse(byId("data").textContent);
  const cards = [...document.querySelectorAll(".card")];

  let selected = 0;
  let filter = "all";
  let spinning = false;
  /** The frame of the chain that is shown, or -1 while a molecule is. */
  let frame = -1;
  let timer = 0;

  const viewer = createViewer();

  // ---- the viewer ----

  function createViewer() {
    try {
      const probe = document.createElement("canvas");
      if (!(probe.getContext("webgl2") || probe.getContext("webgl"))) return undefined;
      return window.$3Dmol.createViewer(byId("viewer"), { backgroundAlpha: 0, antialias: true });
    } catch {
      return undefined;
    }
  }

  /** Colours of the elements as the page's theme has them. */
  function elementColours() {
    const style = getComputedStyle(document.documentElement);
    const named = (name) => style.getPropertyValue(`--${name}`).trim();
    const other = named("other");
    return (atom) => named(atom.elem) || other;
  }

  function paint() {
    if (!viewer) return;
    const colorfunc = elementColours();
    viewer.setStyle({}, { stick: { radius: 0.12, colorfunc }, sphere: { scale: 0.25, colorfunc } });
    viewer.render();
  }

  function showSelected() {
    const molecule = molecules[selected];
    if (!viewer) {
      byId("still").replaceChildren(cards[selected].querySelector("svg").cloneNode(true));
      return;
    }
    viewer.removeAllModels();
    viewer.addModel(molecule.sdf, "sdf", { keepH: true });
    viewer.zoomTo();
    viewer.setView([...viewer.getView().slice(0, 4), ...molecule.view]);
    paint();
  }

  // ---- choosing ----

  const shown = () => cards.map((_, i) => i).filter((i) => !cards[i].parentElement.hidden);

  function select(index) {
    stopFilm();
    frame = -1;
    cards[selected].removeAttribute("aria-current");
    cards[selected].tabIndex = -1;
    selected = index;
    const card = cards[index];
    card.setAttribute("aria-current", "true");
    card.tabIndex = 0;
    describe();
    showSelected();
    showFilmState();
  }

  function describe() {
    const { name, smiles, state } = molecules[selected];
    byId("formula").replaceChildren(...cards[selected].querySelector(".formula").cloneNode(true).childNodes);
    byId("name").textContent = name;
    byId("place").textContent = `${selected + 1} of ${molecules.length}`;
    const mark = cards[selected].querySelector(".mark");
    byId("verdict").replaceChildren(
      ...(mark ? [mark.cloneNode(true)] : []),
      {
        stable: "stable",
        closed: "stable by our rule (closed shells), not by EDM's",
        valid: "valid, not stable",
        broken: "not a valid molecule",
      }[state] ?? "",
    );
    byId("smiles").textContent = smiles ?? "";
    byId("smiles").hidden = !smiles;
  }

  /** Moves to the neighbour among the cards that the filter leaves; `step` in cards. */
  function move(step, focus) {
    const list = shown();
    if (list.length === 0) return;
    const at = list.indexOf(selected);
    const next = at < 0 ? 0 : Math.max(0, Math.min(list.length - 1, at + step));
    select(list[next]);
    cards[selected].scrollIntoView({ block: "nearest" });
    if (focus) cards[selected].focus();
  }

  /** Cards in a row. */
  function columns() {
    const tops = shown().map((i) => cards[i].getBoundingClientRect().top);
    return tops.filter((top) => top === tops[0]).length;
  }

  function applyFilter(name) {
    filter = name;
    for (const chip of document.querySelectorAll(".chip")) {
      chip.setAttribute("aria-pressed", String(chip.dataset.filter === filter));
    }
    const keep = {
      all: () => true,
      stable: ({ state }) => state === "stable",
      closed: ({ closedShell }) => closedShell,
      valid: ({ valid }) => valid,
      unstable: ({ state }) => state !== "stable" && state !== "closed",
    }[filter];
    cards.forEach((card, i) => {
      card.parentElement.hidden = !keep(molecules[i]);
    });
    const list = shown();
    byId("none").hidden = list.length > 0;
    if (list.length > 0 && !list.includes(selected)) select(list[0]);
  }

  // ---- the denoising chain ----

  function showFrame(index) {
    frame = index;
    const { elements, positions, bonds } = chain.frames[index];
    byId("scrub").value = String(index);
    byId("step").textContent = `${index + 1} / ${chain.frames.length}`;
    byId("scrub").setAttribute("aria-valuetext", `frame ${index + 1} of ${chain.frames.length}`);
    if (!viewer) return;
    const atoms = elements.map((symbol, i) => ({
      elem: symbol,
      x: positions[3 * i] / 1000,
      y: positions[3 * i + 1] / 1000,
      z: positions[3 * i + 2] / 1000,
      bonds: [],
      bondOrder: [],
      serial: i,
    }));
    for (let k = 0; k < bonds.length; k += 3) {
      const [i, j, order] = bonds.slice(k, k + 3);
      atoms[i].bonds.push(j);
      atoms[i].bondOrder.push(order);
      atoms[j].bonds.push(i);
      atoms[j].bondOrder.push(order);
    }
    viewer.removeAllModels();
    viewer.addModel().addAtoms(atoms);
    paint();
  }

  function startFilm() {
    if (frame < 0) openFilm();
    if (frame === chain.frames.length - 1) showFrame(0);
    timer = setInterval(
      () => {
        if (frame >= chain.frames.length - 1) stopFilm();
        else showFrame(frame + 1);
        showFilmState();
      },
      1000 / Math.max(8, Math.min(30, chain.frames.length / 6)),
    );
    showFilmState();
  }

  /** Fits the view to the widest frame, so that nothing leaves the picture later. */
  function openFilm() {
    const reach = chain.frames.map(({ positions }) => Math.max(...positions.map(Math.abs)));
    showFrame(reach.indexOf(Math.max(...reach)));
    if (viewer) {
      viewer.zoomTo();
      viewer.setView([...viewer.getView().slice(0, 4), ...chain.view]);
    }
    showFrame(0);
    byId("formula").textContent = "Denoising";
    byId("name").textContent = chain.caption;
    byId("place").textContent = "";
    byId("verdict").replaceChildren();
    byId("smiles").hidden = true;
  }

  function stopFilm() {
    clearInterval(timer);
    timer = 0;
  }

  function showFilmState() {
    if (!chain) return;
    byId("film").hidden = frame < 0;
    byId("watch").textContent = frame < 0 ? "Watch one form" : "Back to the molecule";
    byId("play").textContent = timer ? "Pause" : "Play";
    byId("play").setAttribute("aria-label", timer ? "Pause the denoising" : "Play the denoising");
    for (const id of ["xyz", "sdf"]) byId(id).disabled = frame >= 0;
  }

  // ---- downloads ----

  function download(extension, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = `molecule-${String(selected + 1).padStart(4, "0")}.${extension}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /** XYZ from the atom block of the record: coordinates in the columns 1–30, symbol in 32–34. */
  function xyzOf({ sdf, smiles, name }) {
    const lines = sdf.split("\n");
    const count = Number(lines[3].slice(0, 3));
    const atoms = lines.slice(4, 4 + count).map((line) => `${line.slice(31, 34)} ${line.slice(0, 30)}`);
    return `${count}\n${name || smiles || ""}\n${atoms.join("\n")}\n`;
  }

  // ---- wiring ----

  for (const [i, card] of cards.entries()) card.addEventListener("click", () => select(i));
  for (const chip of document.querySelectorAll(".chip")) {
    chip.addEventListener("click", () => applyFilter(chip.dataset.filter));
  }
  byId("previous").addEventListener("click", () => move(-1));
  byId("next").addEventListener("click", () => move(1));
  byId("xyz").addEventListener("click", () => download("xyz", xyzOf(molecules[selected])));
  byId("sdf").addEventListener("click", () => download("sdf", molecules[selected].sdf));
  byId("spin").addEventListener("click", () => {
    spinning = !spinning;
    byId("spin").setAttribute("aria-pressed", String(spinning));
    viewer?.spin(spinning ? "y" : false, 0.6);
  });
  if (!viewer) {
    byId("spin").hidden = true;
    byId("touch").textContent = "This browser shows no WebGL: still pictures instead.";
  }
  if (chain) {
    byId("watch").addEventListener("click", () => {
      if (frame >= 0) select(selected);
      else startFilm();
    });
    byId("play").addEventListener("click", () => {
      if (timer) stopFilm();
      else startFilm();
      showFilmState();
    });
    byId("scrub").addEventListener("input", (event) => {
      stopFilm();
      showFrame(Number(event.target.value));
      showFilmState();
    });
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, textarea, select"))
      return;
    const inGrid = event.target.closest(".grid") !== null;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const rows = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step !== undefined) move(step, inGrid);
    else if (rows !== undefined && inGrid) move(rows * columns(), true);
    else if (event.key === "Home" && inGrid) move(-cards.length, true);
    else if (event.key === "End" && inGrid) move(cards.length, true);
    else return;
    event.preventDefault();
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  addEventListener("resize", () => viewer?.resize());
  if (molecules.length > 0) select(0);
})();
