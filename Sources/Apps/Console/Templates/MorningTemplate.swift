extension Template {
    static let morningText = """
        {{<layout}}{{$content}}
        {{^practices}}<p class="warning"><strong>No practice.</strong> You may see no practice yet. Ask your operator to name
        yours in your invitation.</p>{{/practices}}
        {{#practices}}
        <section aria-labelledby="practice-{{id}}">
        <h2 id="practice-{{id}}">{{name}}</h2>
        {{#silent}}<p class="problem"><strong>Feed {{feed}} is silent</strong> since <time datetime="{{since.iso}}">{{since.text}}</time>,
        {{since.age}}: {{usual}}. What depends on it is withheld. Ask whoever runs the sender. <a href="/feeds">Feeds</a></p>{{/silent}}
        {{#isAgreed}}<p class="lead"><span class="tag good">✓ In agreement</span> <a href="{{openLink}}">0 findings</a> need
        you.</p>{{/isAgreed}}
        {{#doubt}}<p class="lead"><span class="tag care">◌ Not known</span> <a href="{{openLink}}">0 findings</a> need you, but
        {{doubt}}.</p>{{/doubt}}
        {{^isDone}}<p class="lead"><span class="tag care">▲ To do</span> <a href="{{openLink}}">{{open}}</a>.</p>{{/isDone}}
        {{#round}}
        <p>Compared <strong>{{days}}</strong> at <time datetime="{{at.iso}}">{{at.text}}</time>, {{at.age}} ago.
        <a href="{{reportLink}}">The whole report</a></p>
        {{> comparisons}}
        {{/round}}
        {{^round}}<p class="warning"><strong>Never compared.</strong> No comparison has run for this practice, so
        nothing can be said of its agreement. An operator starts one with <code>pmsync reconcile scheduling</code>.</p>
        {{/round}}
        {{^isDone}}
        <table>
        <caption>Open findings by kind and age, {{name}}</caption>
        <thead><tr><th scope="col">Kind</th><th scope="col" class="n">All</th><th scope="col" class="n">Since today</th>
        <th scope="col" class="n">1 to 2 days</th><th scope="col" class="n">3 days or more</th></tr></thead>
        <tbody>
        {{#codes}}
        <tr><th scope="row">{{words}}</th>
        <td class="n" data-label="All"><a href="{{link}}">{{total}}</a></td>
        {{#ages}}<td class="n" data-label="{{label}}">{{#isSome}}<a href="{{link}}">{{count}}</a>{{/isSome}}{{^isSome}}0{{/isSome}}</td>{{/ages}}</tr>
        {{/codes}}
        </tbody>
        </table>
        {{/isDone}}
        <p>{{#hasParked}}<span class="tag care">▲ Waiting</span> {{/hasParked}}<a href="{{parkedLink}}">{{parked}}</a>.</p>
        {{#feeds}}
        <p><a href="/feeds">Feed {{name}}</a>: last message <time datetime="{{last.iso}}">{{last.text}}</time>,
        {{last.age}} ago; {{hour}} in the last hour.</p>
        {{/feeds}}
        {{^feeds}}<p><span class="tag bad">✕ Silent</span> No message has ever come for this practice.
        <a href="/feeds">Feeds</a></p>{{/feeds}}
        </section>
        {{/practices}}
        {{/content}}{{/layout}}
        """
}
