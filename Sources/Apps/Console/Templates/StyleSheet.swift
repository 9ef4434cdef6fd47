import Crypto

/// The console's looks: light and dark, from 320 px wide to a printed page. Words and shapes carry every meaning; colour
/// only repeats it.
enum StyleSheet {
    /// Its address changes with it, so that no browser keeps an old one.
    static let link = """
        <link rel="stylesheet" href="/style.css?v=\(SHA256.hash(data: Array(text.utf8)).prefix(4).map(String.init).joined())">
        """

    static let text = """
        :root {
          color-scheme: light dark;
          --paper: #ffffff; --raised: #f4f6f8; --ink: #1a2230; --soft: #4a5568; --line: #c3cad4; --link: #0b4f9c;
          --action: #0b4f9c; --on-action: #ffffff; --bad: #9b1c1c; --bad-paper: #fdeeee; --good: #14613a;
          --good-paper: #e9f6ee; --care: #7a4a00; --care-paper: #fff4dd; --mark: #fff1b8;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #12161d; --raised: #1c222c; --ink: #e8ecf2; --soft: #aab4c3; --line: #3c4655; --link: #8fc1ff;
            --action: #8fc1ff; --on-action: #0d1420; --bad: #ff9c9c; --bad-paper: #3a1a1d; --good: #86dba8;
            --good-paper: #12301f; --care: #ffce73; --care-paper: #382a0c; --mark: #4a3d10;
          }
        }
        *, *::before, *::after { box-sizing: border-box; }
        html { font: 100%/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
        body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: break-word; }
        header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
        header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: center; padding-top: .5rem;
          padding-bottom: .5rem; border-bottom: 1px solid var(--line); }
        .brand { margin: 0; font-weight: 700; }
        .brand a { color: inherit; text-decoration: none; padding: .25rem 0; }
        nav ul { display: flex; flex-wrap: wrap; gap: .25rem; list-style: none; margin: 0; padding: 0; }
        nav a { display: block; padding: .4rem .6rem; border-radius: .3rem; text-decoration: none; }
        nav a[aria-current] { background: var(--raised); color: var(--ink); font-weight: 600;
          box-shadow: inset 0 -2px 0 var(--action); }
        .leave { margin-left: auto; color: var(--soft); }
        .leave span { margin-right: .4rem; }
        footer { color: var(--soft); font-size: .875rem; padding-bottom: 2rem; }
        a { color: var(--link); }
        :focus-visible { outline: 3px solid var(--action); outline-offset: 2px; border-radius: 2px; }
        .skip { position: absolute; left: -999rem; }
        .skip:focus { position: static; display: block; padding: .5rem 1rem; }
        h1 { font-size: 1.75rem; line-height: 1.2; margin: 1.25rem 0 1rem; }
        h2 { font-size: 1.25rem; line-height: 1.3; margin: 2rem 0 .5rem; }
        h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
        p { margin: .5rem 0; }
        .lead { font-size: 1.125rem; max-width: 60rem; }
        .soft, .hint, caption { color: var(--soft); }
        .hint { display: block; font-size: .9rem; }
        .card { background: var(--raised); border: 1px solid var(--line); border-radius: .4rem; padding: .75rem 1rem;
          margin: 1rem 0; }
        .card h3 { margin-top: .25rem; }
        .narrow { max-width: 26rem; }
        .numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .75rem;
          padding: 0; margin: 1rem 0; list-style: none; }
        .numbers li { background: var(--raised); border: 1px solid var(--line); border-radius: .4rem;
          padding: .6rem .8rem; }
        .numbers .value { display: block; font-size: 1.6rem; font-weight: 650; line-height: 1.2;
          font-variant-numeric: tabular-nums; }
        .numbers .todo { border-left: .35rem solid var(--care); }
        .numbers .fine { border-left: .35rem solid var(--good); }
        .notice, .problem, .warning { border-left: .35rem solid; padding: .6rem .9rem; border-radius: .2rem; }
        .notice { background: var(--good-paper); border-color: var(--good); }
        .problem { background: var(--bad-paper); border-color: var(--bad); }
        .warning { background: var(--care-paper); border-color: var(--care); }
        .tag { display: inline-block; border: 1px solid; border-radius: .25rem; padding: 0 .4rem; font-size: .875rem;
          max-width: 100%; }
        .tag.good { color: var(--good); }
        .tag.bad { color: var(--bad); }
        .tag.care { color: var(--care); }
        .filter { margin: .25rem 0; display: flex; flex-wrap: wrap; gap: .1rem .25rem; align-items: baseline; }
        .filter-name { color: var(--soft); min-width: 5rem; }
        .filter a { padding: .15rem .5rem; border-radius: .25rem; min-height: 1.5rem; }
        .filter a[aria-current] { background: var(--raised); box-shadow: inset 0 0 0 1px var(--soft);
          color: var(--ink); font-weight: 600; text-decoration: none; }
        table { border-collapse: collapse; width: 100%; margin: .75rem 0 1.25rem; }
        caption { text-align: left; padding: .25rem 0; }
        th, td { text-align: left; vertical-align: top; padding: .45rem .6rem; border-bottom: 1px solid var(--line); }
        thead th { border-bottom: 2px solid var(--line); font-size: .9rem; color: var(--soft); }
        tbody th { font-weight: 600; }
        th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; }
        .differs td { background: var(--mark); }
        .differs td, .differs th { font-weight: 600; }
        label { display: block; font-weight: 600; }
        input:not([type=hidden]), select, textarea { font: inherit; color: inherit; background: var(--paper);
          border: 1px solid var(--soft); border-radius: .25rem; padding: .4rem .5rem; width: 100%; max-width: 34rem;
          min-height: 2.25rem; }
        button, .button { font: inherit; font-weight: 600; color: var(--on-action); background: var(--action);
          border: 1px solid var(--action); border-radius: .3rem; padding: .3rem .9rem; min-height: 2.25rem;
          cursor: pointer; text-decoration: none; display: inline-block; }
        button.quiet, .button.quiet { background: transparent; color: var(--link); border-color: var(--line); }
        button.danger { background: transparent; color: var(--bad); border-color: var(--bad); }
        .acts { display: flex; flex-wrap: wrap; gap: .75rem; align-items: stretch; }
        .acts > form { flex: 1 1 18rem; margin: 0; }
        .search { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .5rem 1rem;
          align-items: end; }
        pre { background: var(--raised); border: 1px solid var(--line); padding: .75rem; overflow-x: auto;
          white-space: pre-wrap; overflow-wrap: anywhere; font: .85rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
        code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
        dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .3rem 1rem; margin: .75rem 0; }
        time, .w, td .button { white-space: nowrap; }
        dt { color: var(--soft); }
        dd { margin: 0; }
        ul.plain { list-style: none; padding: 0; margin: .5rem 0; }
        ul.plain li { margin: .25rem 0; }
        table.sheet, .sheet > thead, .sheet > tbody, .sheet > thead > tr, .sheet > tbody > tr, .sheet > thead > tr > td,
        .sheet > tbody > tr > td { display: block; border: 0; margin: 0; padding: 0; }
        .running { display: none; }
        @media (max-width: 40rem) {
          .leave { margin-left: 0; }
          h1 { font-size: 1.4rem; }
          .numbers { grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); }
          dl { grid-template-columns: 1fr; gap: 0; }
          dd { margin-bottom: .4rem; }
          table, tbody, tr, th, td, caption { display: block; }
          thead { position: absolute; left: -999rem; }
          tr { border: 1px solid var(--line); border-radius: .4rem; margin: 0 0 .75rem; padding: .3rem .6rem; }
          td, tbody th, th.n, td.n { border: 0; padding: .15rem 0; text-align: left; }
          .differs td { padding: .15rem .3rem; }
          td[data-label]::before, th[data-label]::before { content: attr(data-label) ": "; color: var(--soft);
            font-weight: 400; }
          td:empty { display: none; }
          .sheet > thead { position: static; }
        }
        @page { margin: 14mm 12mm; @bottom-right { content: "Page " counter(page) " of " counter(pages); font-size: 8pt; } }
        @media print {
          :root { color-scheme: light; --paper: #fff; --raised: #fff; --ink: #000; --soft: #333; --line: #999; --link: #000;
            --mark: #eee; --bad: #000; --good: #000; --care: #000; --bad-paper: #fff; --good-paper: #fff;
            --care-paper: #fff; }
          header, nav, .leave, .skip, footer, form, .button, .filter, .screen { display: none; }
          html { font-size: 8.5pt; }
          main { max-width: none; padding: 0; }
          h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
          h2, h3, caption { break-after: avoid; }
          th, td { padding: .2rem .4rem; }
          a { text-decoration: none; }
          tr, .card { break-inside: avoid; }
          .sheet > tbody > tr { break-inside: auto; }
          thead { display: table-header-group; }
          table.sheet { display: table; } .sheet > thead { display: table-header-group; }
          .sheet > tbody { display: table-row-group; }
          .sheet > thead > tr, .sheet > tbody > tr { display: table-row; }
          .sheet > thead > tr > td, .sheet > tbody > tr > td { display: table-cell; }
          .running { display: block; margin: 0 0 3mm; padding-bottom: 1mm; border-bottom: 1px solid #999; font-size: 8pt; }
        }
        """
}
