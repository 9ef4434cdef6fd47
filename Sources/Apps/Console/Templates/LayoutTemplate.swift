extension Template {
    static let layoutText = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{{frame.title}} - pmsync</title>
        <link rel="icon" href="data:,">
        \(StyleSheet.link)
        </head>
        <body>
        <a class="skip" href="#main">Skip to content</a>
        <header>
        <p class="brand"><a href="/">pmsync</a></p>
        {{#frame.person}}
        <nav aria-label="Pages">
        <ul>
        {{#frame.places}}
        <li><a href="{{href}}"{{#isHere}} aria-current="page"{{/isHere}}>{{name}}</a></li>
        {{/frame.places}}
        </ul>
        </nav>
        <form class="leave" method="post" action="/sign-out">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        <span>{{frame.person}}</span> <button class="quiet" type="submit">Sign out</button>
        </form>
        {{/frame.person}}
        </header>
        <main id="main">
        <h1>{{frame.title}}</h1>
        {{#frame.notice}}<p class="notice" role="status"><strong>Done.</strong> {{frame.notice}}</p>{{/frame.notice}}
        {{$content}}{{/content}}
        </main>
        <footer>
        {{#frame.person}}<p>You are signed out after 15 minutes without use, and after 12 hours in any case.</p>{{/frame.person}}
        </footer>
        </body>
        </html>
        """

    static let errorText = """
        {{<layout}}{{$content}}
        <p class="lead">{{sentence}}</p>
        <p>{{#back}}<a class="button" href="{{href}}">{{name}}</a> {{/back}}<a class="button quiet" href="/">To this morning's page</a></p>
        {{/content}}{{/layout}}
        """

    static let signInText = """
        {{<layout}}{{$content}}
        {{#failed}}
        <div class="problem" role="alert">
        <p><strong>That did not work.</strong> The name and the password do not match, or there were too many attempts:
        then wait up to 15 minutes, even with the right password.</p>
        </div>
        {{/failed}}
        {{#isUndone}}
        <p class="warning"><strong>You were signed out meanwhile.</strong> What you sent was not done. Sign in, look at the
        page, and send it again.</p>
        {{/isUndone}}
        {{#isPlain}}
        <p class="warning"><strong>Not encrypted.</strong> Between your browser and this server anybody on the way can
        read along. Ask your operator for an https address.</p>
        {{/isPlain}}
        <form method="post" action="/sign-in" class="card narrow">
        <input type="hidden" name="to" value="{{to}}">
        <p><label for="name">Name</label>
        <input id="name" name="name" value="{{name}}" autocomplete="username" autocapitalize="none" required></p>
        <p><label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required></p>
        <p><button type="submit">Sign in</button></p>
        </form>
        <p>No password yet, or forgotten: ask your operator for an invitation link.</p>
        {{/content}}{{/layout}}
        """

    static let inviteText = """
        {{<layout}}{{$content}}
        {{#failed}}
        <div class="problem" role="alert">
        <p><strong>That did not work.</strong>
        {{#isShort}}The password must have at least 12 characters.{{/isShort}}
        {{#differs}}The two passwords are not the same.{{/differs}}</p>
        </div>
        {{/failed}}
        <p>This link works once.</p>
        <form method="post" class="card narrow">
        <p><label for="name">Name</label>
        <input id="name" name="name" value="{{name}}" autocomplete="username" readonly></p>
        <p><label for="password">Password</label>
        <span class="hint" id="length">At least 12 characters. A few words that do not belong together are good.</span>
        <input id="password" name="password" type="password" minlength="12" autocomplete="new-password"
        aria-describedby="length" required></p>
        <p><label for="again">The same once more</label>
        <input id="again" name="again" type="password" minlength="12" autocomplete="new-password" required></p>
        <p><button type="submit">Keep this password and sign in</button></p>
        </form>
        {{/content}}{{/layout}}
        """

    /// Filters as links: they work without a script and stay in the address.
    static let filtersText = """
        {{#filters}}
        <p class="filter"><span class="filter-name">{{label}}:</span>
        {{#choices}}<a href="{{href}}"{{#isChosen}} aria-current="true"{{/isChosen}}>{{name}}</a> {{/choices}}</p>
        {{/filters}}
        """
}
