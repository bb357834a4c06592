// What is wrong, in the margin and under the words. A problem says where by line and column (both from 1) or by offsets.
import { linter, lintGutter, setDiagnostics } from "@codemirror/lint";

function bounded(number, low, high) {
  return Math.min(Math.max(number, low), high);
}

export function located(doc, problem) {
  const { message, severity = "error", source } = problem;
  if (problem.from !== undefined) {
    const from = bounded(problem.from, 0, doc.length);
    return { from, to: bounded(problem.to ?? from, from, doc.length), message, severity, source };
  }
  const line = doc.line(bounded(problem.line ?? 1, 1, doc.lines));
  const from = problem.column ? bounded(line.from + problem.column - 1, line.from, line.to) : line.from;
  const to = problem.end_column ? bounded(line.from + problem.end_column - 1, from, line.to) : line.to;
  return { from, to, message, severity, source };
}

function sorted(doc, problems) {
  return (problems ?? []).map((problem) => located(doc, problem)).sort((a, b) => a.from - b.from);
}

export function show(view, problems) {
  view.dispatch(setDiagnostics(view.state, sorted(view.state.doc, problems)));
}

// check(text) gives problems, at once or later; without it the page shows its own with show().
export function margin(check, delay) {
  const ask = async (view) => {
    const { doc } = view.state;
    return sorted(doc, await check(doc.toString()));
  };
  return [lintGutter(), check ? linter(ask, { delay }) : linter(null)];
}
